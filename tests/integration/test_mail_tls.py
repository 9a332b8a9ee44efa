"""Mails over TLS: to a server whose certificate is for its name and from an authority that this machine trusts."""

import ssl
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trustme

from backend.services.mail import MailNotSent, SmtpDelivery
from backend.services.mail.delivery import Mail, Tls
from tests.support.mail import PASSWORD, USERNAME, Mailbox, authenticate, mail_server

HOST = "localhost"
MAIL = Mail("ada@example.com", "Reset", "text", "<p>text</p>", kind="reset", link="")
MODES: list[Tls] = ["starttls", "tls"]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The only one that this machine trusts during the test, in the way that an operator names one of his own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return authority


def server(mode: Tls, authority: trustme.CA, name: str = HOST) -> AbstractAsyncContextManager[Mailbox]:
    """A mail server with a certificate for that name, which asks for a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    if mode == "tls":
        return mail_server(tls=context, authenticator=authenticate, auth_require_tls=False)
    return mail_server(tls_context=context, require_starttls=True, authenticator=authenticate, auth_required=True)


def delivery(mode: Tls, box: Mailbox) -> SmtpDelivery:
    return SmtpDelivery(
        HOST, box.port, username=USERNAME, password=PASSWORD, tls=mode, sender="Aether <aether@example.com>"
    )


@pytest.mark.parametrize("mode", MODES)
async def test_a_mail_goes_through_tls_with_name_and_password(mode: Tls, authority: trustme.CA) -> None:
    async with server(mode, authority) as box:
        await delivery(mode, box).send(MAIL)
    assert [mail["to"] for mail in box.mails] == [MAIL.to]
    assert box.signed_in == [True]


@pytest.mark.parametrize("mode", MODES)
async def test_a_certificate_for_another_name_gets_neither_mail_nor_password(mode: Tls, authority: trustme.CA) -> None:
    async with server(mode, authority, "mail.example.com") as box:
        with pytest.raises(MailNotSent) as caught:
            await delivery(mode, box).send(MAIL)
    assert not caught.value.permanent
    assert (box.mails, box.signed_in) == ([], [])


@pytest.mark.usefixtures("authority")
@pytest.mark.parametrize("mode", MODES)
async def test_a_certificate_that_nobody_vouches_for_gets_neither_mail_nor_password(mode: Tls) -> None:
    async with server(mode, trustme.CA()) as box:
        with pytest.raises(MailNotSent) as caught:
            await delivery(mode, box).send(MAIL)
    assert not caught.value.permanent
    assert (box.mails, box.signed_in) == ([], [])
