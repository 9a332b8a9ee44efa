"""Where a provider is: base URL conventions, and the refusal of every address but loopback."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from backend.domain.addresses import is_loopback

GROQ_URL = "https://api.groq.com"
GROQ_PATH = "/openai/v1"


class RefusedEndpoint(ValueError):
    """A base URL that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """base: the URL below which chat/completions and models lie. groq: it follows Groq's own convention."""

    base: str
    api_key: str
    groq: bool


def resolve_endpoint(base_url: str, api_key: str, *, loopback_only: bool = False) -> Endpoint:
    """An empty base URL is Groq's own. A URL whose path ends in /v1 is taken as it is, any other gets /openai/v1.

    loopback_only (tests): raises RefusedEndpoint for an address that is not on this machine.
    """
    url = (base_url or GROQ_URL).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RefusedEndpoint("the provider's base URL must begin with http:// or https:// and name a host")
    if loopback_only and not is_loopback(parts.hostname):
        raise RefusedEndpoint(f"tests may call a simulator on this machine only, not {parts.hostname}")
    if parts.path.endswith("/v1"):
        return Endpoint(url, api_key, parts.path.endswith(GROQ_PATH))
    return Endpoint(url + GROQ_PATH, api_key, True)
