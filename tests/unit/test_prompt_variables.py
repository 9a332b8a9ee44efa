"""The names in a prompt's text."""

import time
from datetime import UTC, datetime

import pytest

from backend.domain.prompts import TEXT_CHARACTERS, Prompt

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def variables(text: str) -> tuple[str, ...]:
    return Prompt("prompt_1", "user_ada", "title", text, NOW, NOW).variables


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Explain {{topic}} to {{ reader }}, {{topic}} again", ("topic", "reader")),
        ("{{język docelowy}}{{x}}{{a.b-c_1}}", ("język docelowy", "x", "a.b-c_1")),
        ("{topic} {{}} {{ }} {{a{b}} {{a\nb}}", ()),
        ("{{{name}}}", ("name",)),
        ("{{" + "x" * 41 + "}}", ()),
    ],
)
def test_names_are_found_once_each_in_order(text: str, names: tuple[str, ...]) -> None:
    assert variables(text) == names


@pytest.mark.parametrize("piece", ["{{", "{{ ", "{{a ", "{{a", "{{a-"])
def test_no_text_takes_long(piece: str) -> None:
    started = time.process_time()
    assert variables((piece * TEXT_CHARACTERS)[:TEXT_CHARACTERS]) == ()
    assert time.process_time() - started < 0.5
