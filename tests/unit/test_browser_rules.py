"""Which requests a page of another site makes, by the headers that browsers send."""

import pytest

from backend.domain.browser import BrowserRules, origin_of

RULES = BrowserRules(frozenset({"https://chat.example.com"}))
HOST = "aether.example:8000"


@pytest.mark.parametrize(
    ("origin", "fetch_site"),
    [
        (None, None),  # a program
        (None, "same-origin"),
        (None, "none"),
        (f"http://{HOST}", None),  # a browser before Sec-Fetch-Site, or on plain http
        (f"http://{HOST}", "same-origin"),
        (f"https://{HOST.upper()}", None),
        ("https://chat.example.com", None),  # behind a proxy that sends another Host
        ("https://chat.example.com", "cross-site"),
    ],
)
def test_pages_of_the_server_and_programs_are_not_foreign(origin: str | None, fetch_site: str | None) -> None:
    assert not RULES.is_foreign(host=HOST, origin=origin, fetch_site=fetch_site)


@pytest.mark.parametrize(
    ("origin", "fetch_site"),
    [
        ("https://evil.example", None),
        ("https://evil.example", "cross-site"),
        ("https://sibling.aether.example:8000", "same-site"),
        (None, "same-site"),
        (None, "cross-site"),
        (None, "something new"),
        ("null", None),
        ("null", "cross-site"),
        ("", None),
        ("http://aether.example:8001", None),
        ("http://aether.example", None),
        (f"http://{HOST}.evil.example", None),
        (f"http://evil.example/{HOST}", None),
        ("http://chat.example.com", None),
        ("https://chat.example.com.evil.example", None),
        (f"http://{HOST}", "cross-site"),
    ],
)
def test_pages_of_other_sites_are_foreign(origin: str | None, fetch_site: str | None) -> None:
    assert RULES.is_foreign(host=HOST, origin=origin, fetch_site=fetch_site)


def test_without_a_host_nothing_with_an_origin_is_ones_own() -> None:
    assert BrowserRules().is_foreign(host="", origin="null", fetch_site=None)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Chat.example.com", "https://chat.example.com"),
        ("https://chat.example.com/aether/", "https://chat.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_origin_of_an_address(url: str, origin: str) -> None:
    assert origin_of(url) == origin
