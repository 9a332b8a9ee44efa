"""The letters that Aether writes, in the languages of its users. A test writes every letter in every language."""

from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from backend.domain.users import Locale
from backend.services.mail.delivery import Delivery, Mail

Letter = Literal["verify", "reset", "known_address", "password_changed", "second_factor_on", "second_factor_off"]
LETTERS: dict[Letter, str] = {
    "verify": "verify-email",
    "reset": "reset-password",
    "known_address": "reset-password",
    "password_changed": "forgot-password",
    "second_factor_on": "forgot-password",
    "second_factor_off": "forgot-password",
}
"""Letter -> the place in the web page that its link leads to."""


class Letters:
    """public_url: where users find this server, without a slash at its end."""

    def __init__(self, delivery: Delivery, public_url: str) -> None:
        self.available = delivery.available
        self._delivery = delivery
        self._public_url = public_url.rstrip("/")
        self._templates = Environment(
            loader=PackageLoader("backend.services.mail"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def send(self, letter: Letter, to: str, locale: Locale, token: str = "") -> None:
        """token: for the link. Raises MailNotSent."""
        await self._delivery.send(self.write(letter, to, locale, token))

    def write(self, letter: Letter, to: str, locale: Locale, token: str = "") -> Mail:
        """The first line of a text template is the subject. No letter holds what a user typed, names for instance:

        whoever registers with the address of somebody else would send their own words there.
        """
        link = self._link(letter, token)
        values = {"link": link, "server": self._public_url}
        text = self._templates.get_template(f"{locale}/{letter}.txt").render(values)
        subject, _, body = text.partition("\n")
        html = self._templates.get_template(f"{locale}/{letter}.html").render(values, subject=subject)
        return Mail(to=to, subject=subject, text=body.lstrip("\n"), html=html, kind=letter, link=link)

    def _link(self, letter: Letter, token: str) -> str:
        """In the fragment, which browsers send to no server: tokens stay out of every access log."""
        place = f"{self._public_url}/#/{LETTERS[letter]}"
        return f"{place}/{token}" if token else place
