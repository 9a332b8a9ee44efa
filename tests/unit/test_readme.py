"""README tells the truth about the settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.config import Settings
from backend.wiring.preparation import DEFAULT_ADMIN_EMAIL

README = Path(__file__).parents[2] / "README.md"
INTERNAL = {"AETHER_TESTING", "AETHER_SIMULATED", "AETHER_ALONE"}
"""Set by the tests and by the launcher, never by people."""
FOUND_OUT = {"", "none", "embedded", "generated", "from the catalogue", "Groq's own"}
"""Defaults in words: the setting itself is empty."""
FIELDS = {field.alias or name.upper(): name for name, field in Settings.model_fields.items()}


def documented() -> Iterator[tuple[str, str]]:
    """(variable, default as written) of the settings table; one default for a row of several is that of each."""
    section = README.read_text().partition("## Settings")[2].partition("\n## ")[0]
    for names, default, _ in re.findall(r"^\| (`[A-Z].*?) \| (.*?) ?\| (.*)\|$", section, re.M):
        variables = re.findall(r"`([A-Z_]+)`", names)
        defaults = [part.strip().strip("`") for part in default.split(", ")]
        yield from zip(variables, defaults if len(defaults) > 1 else defaults * len(variables), strict=True)


def test_the_settings_table_names_every_variable_once() -> None:
    names = [name for name, _ in documented()]
    assert len(set(names)) == len(names)
    assert set(names) == set(FIELDS) - INTERNAL


@pytest.mark.parametrize(("variable", "default"), list(documented()))
def test_the_settings_table_has_the_right_default(variable: str, default: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)
    actual = getattr(Settings(), FIELDS[variable])
    if variable == "AETHER_ADMIN_EMAIL":
        assert (actual, default) == ("", DEFAULT_ADMIN_EMAIL)
    elif default in FOUND_OUT:
        assert not getattr(actual, "get_secret_value", lambda: actual)()
    else:
        monkeypatch.setenv(variable, default)
        assert getattr(Settings(), FIELDS[variable]) == actual
