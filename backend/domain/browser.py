"""What a browser may do by itself: act with the cookie that it holds, for pages of this server only."""

from dataclasses import dataclass
from urllib.parse import urlsplit

OWN = ("same-origin", "none")
"""Values of Sec-Fetch-Site of a page of this server, and of what people type or click outside of any page."""


@dataclass(frozen=True, slots=True)
class BrowserRules:
    """origins: whose pages may act with the cookie, besides the server's own ("https://chat.example.com").

    https_only: cookies are for https, whatever the request came by.
    """

    origins: frozenset[str] = frozenset()
    https_only: bool = False

    def is_foreign(self, *, host: str, origin: str | None, fetch_site: str | None) -> bool:
        """Whether a page of another site makes the request. The three are headers; None: it was not sent.

        Browsers send Sec-Fetch-Site with every request to https and to localhost, Origin with every POST, and no page
        can change either. Whoever sends neither is no browser and holds no cookie of anybody else.
        """
        if origin in self.origins:
            return False
        if fetch_site is not None:
            return fetch_site not in OWN
        if origin is None:
            return False
        # The scheme is not compared: behind a proxy that ends TLS the server may not know its own.
        asking = urlsplit(origin).netloc.lower()
        return not asking or asking != host.lower()


def origin_of(url: str) -> str:
    """ "https://chat.example.com/aether" -> "https://chat.example.com"."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
