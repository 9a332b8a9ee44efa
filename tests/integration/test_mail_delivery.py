"""Mails as they go to a real mail server: addresses of every alphabet, and servers that cannot take them."""

import pytest

from backend.services.mail import MailNotSent, SmtpDelivery
from backend.services.mail.delivery import Mail
from tests.support.mail import Mailbox, mail_server


def mail_to(address: str) -> Mail:
    return Mail(address, "Hasło", "zażółć", "<p>gęślą</p>", kind="reset", link="")


def delivery(box: Mailbox) -> SmtpDelivery:
    return SmtpDelivery("127.0.0.1", box.port, username="", password="", tls="off", sender="Aether <a@example.com>")


@pytest.mark.parametrize(
    ("address", "arrives_at"),
    [
        ("ada@example.com", "ada@example.com"),
        ("o'neil+x@example.com", "o'neil+x@example.com"),
        ("ada@żółw.example.com", "ada@xn--w-uga1v8h.example.com"),
    ],
)
@pytest.mark.parametrize("smtputf8", [True, False])
async def test_every_mail_server_takes_what_is_ascii_before_the_at(
    address: str, arrives_at: str, smtputf8: bool
) -> None:
    async with mail_server(enable_SMTPUTF8=smtputf8) as box:
        await delivery(box).send(mail_to(address))
    [mail] = box.mails
    assert (mail["to"], mail["subject"]) == (arrives_at, "Hasło")


async def test_other_letters_before_the_at_need_a_server_that_knows_them() -> None:
    async with mail_server(enable_SMTPUTF8=True) as box:
        await delivery(box).send(mail_to("żółw@example.com"))
        assert box.mails[0]["to"] == "żółw@example.com"
    async with mail_server(enable_SMTPUTF8=False) as box:
        with pytest.raises(MailNotSent):
            await delivery(box).send(mail_to("żółw@example.com"))


@pytest.mark.parametrize(
    "address", ["ada@example.com\nBcc: eve@example.com", "ada@example.com, eve@example.com", "ada"]
)
async def test_an_address_carries_nothing_but_itself(address: str) -> None:
    async with mail_server() as box:
        with pytest.raises(MailNotSent) as caught:
            await delivery(box).send(mail_to(address))
    assert caught.value.permanent
    assert box.mails == []
