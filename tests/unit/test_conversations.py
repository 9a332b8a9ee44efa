"""Titles come from the message itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.conversations import TITLE_CHARACTERS, title_of


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("How do I bake bread?", "How do I bake bread?"),
        ("\n\n  First line \nsecond line", "First line"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
        (f"{'word ' * 11}, and then more of it", f"{'word ' * 11}".strip() + "…"),
        ("... " + "x" * 80, "... " + "x" * 56 + "…"),
        ("", ""),
    ],
)
def test_the_title_is_the_first_line_shortened_at_a_word(message: str, title: str) -> None:
    assert title_of(message) == title


@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_a_title_is_one_short_line_and_begins_like_the_message(message: str) -> None:
    title = title_of(message)
    assert 0 < len(title) <= TITLE_CHARACTERS + 1
    assert title != "…" or message.strip() == "…"
    assert len(title.splitlines()) == 1
    assert title.removesuffix("…").strip() in message
