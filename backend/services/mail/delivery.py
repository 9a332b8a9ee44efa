"""How a mail leaves this server: one class a way."""

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import formatdate, make_msgid, parseaddr
from typing import Literal, Protocol

import aiosmtplib
import structlog
from email_validator import validate_email

Tls = Literal["starttls", "tls", "off"]
TIMEOUT_S = 15.0

log = structlog.get_logger()


class MailNotSent(Exception):
    """permanent: another attempt would fail in the same way (the address does not exist, say)."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Mail:
    """link: the one that the text contains, empty for none."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    kind: str
    link: str = field(repr=False)


class Delivery(Protocol):
    available: bool
    """False: no mail can be sent at all, and nobody should be promised one."""

    async def send(self, mail: Mail) -> None:
        """Returns when the next server has taken the mail. Raises MailNotSent."""
        ...


class SmtpDelivery:
    """tls: starttls (usually port 587), tls from the first byte (465), or off for a relay on this machine."""

    available = True

    def __init__(self, host: str, port: int, *, username: str, password: str, tls: Tls, sender: str) -> None:
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._tls = tls
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        try:
            await aiosmtplib.send(
                message_from(mail, self._sender),
                recipients=[_on_the_wire(mail.to)],
                hostname=self._host,
                port=self._port,
                username=self._username or None,
                password=self._password or None,
                use_tls=self._tls == "tls",
                start_tls=self._tls == "starttls",
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise MailNotSent("the recipient was refused", permanent=all(code >= 500 for code in codes)) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotSent(type(error).__name__, permanent=False) from error
        except ValueError as error:
            raise MailNotSent("no message can be made for this address", permanent=True) from error


class LoggedDelivery:
    """While developing without a mail server: the link goes to the log, for whoever runs this server to follow."""

    available = True

    async def send(self, mail: Mail) -> None:
        log.warning("mail_logged_because_smtp_is_not_configured", kind=mail.kind, link=mail.link)


class NoDelivery:
    """In production without a mail server: a link in the log would let its readers into accounts."""

    available = False

    async def send(self, mail: Mail) -> None:
        log.error("mail_not_sent_because_smtp_is_not_configured", kind=mail.kind)


def message_from(mail: Mail, sender: str) -> EmailMessage:
    """Text and HTML alternatives. A line break in the address is a ValueError: no header can be smuggled in."""
    name, address = parseaddr(sender)
    message = EmailMessage(SMTPUTF8)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = _on_the_wire(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=address.partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _on_the_wire(address: str) -> str:
    """The domain in ASCII, as every mail server takes it; letters before the @ need one that knows SMTPUTF8."""
    parsed = validate_email(address, check_deliverability=False, globally_deliverable=False)
    return parsed.ascii_email or parsed.normalized
