"""What is asked over and over: one request, with a word in it that is another one each time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

UNIQUE = "%UNIQUE%"
"""Stands in a body for a word that no other request has, in this run or another one."""


@dataclass(frozen=True, slots=True)
class Requests:
    """POSTs of body to url. tokens: bearer tokens, one request each in turn; none for no Authorization.

    headers: further ones of every request.
    """

    url: str
    body: str
    tokens: Sequence[str] = field(default=(), repr=False)
    headers: Sequence[tuple[str, str]] = ()
    prefix: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def encoded(self, number: int) -> bytes:
        """The whole request with this number."""
        body = self.body.replace(UNIQUE, f"{self.prefix}{number}").encode()
        host, port = self.address
        lines = [f"POST {self.path} HTTP/1.1", f"host: {host}:{port}", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.tokens:
            lines.append(f"authorization: Bearer {self.tokens[number % len(self.tokens)]}")
        lines.append(f"content-length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body
