"""Every letter in every language, and how mails are put together."""

from itertools import product
from typing import get_args

import pytest

from backend.domain.users import Locale
from backend.services.mail import LETTERS, Letters, LoggedDelivery, MailNotSent, SmtpDelivery
from backend.services.mail.delivery import message_from
from backend.services.mail.letters import Letter

URL = "https://chat.example.com"
EVERY = list(product(LETTERS, get_args(Locale)))


@pytest.fixture
def letters() -> Letters:
    return Letters(LoggedDelivery(), f"{URL}/")


@pytest.mark.parametrize(("letter", "locale"), EVERY)
def test_every_letter_is_there_as_text_and_html(letters: Letters, letter: Letter, locale: Locale) -> None:
    mail = letters.write(letter, "ada@example.com", locale, "t0ken")
    assert mail.subject
    assert mail.link == f"{URL}/#/{LETTERS[letter]}/t0ken"
    assert mail.link in mail.text
    assert f'href="{mail.link}"' in mail.html
    assert f'<html lang="{locale}">' in mail.html
    assert f"<title>{mail.subject}</title>" in mail.html
    assert not mail.text.startswith("\n")
    for text in (mail.text, mail.html):
        assert "{" not in text.replace("{{", "{")


def test_no_two_letters_have_one_subject(letters: Letters) -> None:
    subjects = {letters.write(letter, "ada@example.com", locale).subject for letter, locale in EVERY}
    assert len(subjects) == len(EVERY)


def test_what_is_put_into_html_is_escaped() -> None:
    mail = Letters(LoggedDelivery(), 'https://x.example/"><script>').write("reset", "ada@example.com", "en", "t")
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html


def test_a_message_has_what_mail_servers_expect(letters: Letters) -> None:
    mail = letters.write("reset", "ada@example.com", "pl", "t0ken")
    message = message_from(mail, "Aether <aether@example.com>")
    assert message["To"] == "ada@example.com"
    assert message["From"] == "Aether <aether@example.com>"
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Subject"] == "Ustaw nowe hasło"


async def test_a_mail_server_that_is_away_is_asked_again_later(letters: Letters) -> None:
    delivery = SmtpDelivery("127.0.0.1", 1, username="", password="", tls="off", sender="a@example.com")
    with pytest.raises(MailNotSent) as caught:
        await delivery.send(letters.write("reset", "ada@example.com", "en", "t"))
    assert not caught.value.permanent
