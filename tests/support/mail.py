"""A real SMTP server on loopback, and the mails that arrived there."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.waiting import eventually

USERNAME, PASSWORD = "aether", "mail password"
LINK = re.compile(r"https?://\S+/#/[a-z-]+(?:/(?P<token>[\w-]+))?")


class Mailbox:
    """answers: what the server says to the next mails instead of taking them."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.signed_in: list[bool] = []
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd asks for it by this name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.signed_in.append(bool(session.authenticated))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 OK"

    async def arrived(self, count: int = 1, within_s: float = 10.0) -> EmailMessage:
        """The newest mail, as soon as there are so many."""
        await eventually(lambda: len(self.mails) >= count, within_s)
        assert len(self.mails) == count
        return self.mails[-1]


def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=right)


@asynccontextmanager
async def mail_server(*, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Mailbox]:  # noqa: ANN401
    """tls: from the first byte on. options: of aiosmtpd's SMTP class."""
    box, connections = Mailbox(), list[SMTP]()

    def accepted() -> SMTP:
        connections.append(SMTP(box, **options))
        return connections[-1]

    server = await asyncio.get_running_loop().create_server(accepted, "127.0.0.1", 0, ssl=tls)
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box
        await eventually(lambda: all(connection.transport is None for connection in connections))


def parts(mail: EmailMessage) -> tuple[str, str]:
    """(text, HTML)."""
    found = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    assert set(found) == {"text/plain", "text/html"}
    return found["text/plain"], found["text/html"]


def token_in(mail: EmailMessage) -> str:
    """Of the link, which is the same in both parts."""
    text, html = parts(mail)
    match = LINK.search(text)
    assert match is not None
    assert f'href="{match[0]}"' in html
    return match["token"]
