"""docs/security.md: it names every requirement of ASVS 5.0 that it is measured by, and tests that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
SECTIONS = {
    name: int(count)
    for name, count in re.findall(
        r"(\S+):(\d+)",
        "6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 "
        "9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3",
    )
}
"""Chapters 6 to 10: how many requirements of level 1 and 2 each section has. They come before those of level 3."""


def numbers(text: str) -> Iterator[str]:
    """Every number of a text; "6.2.1 to 6.2.3" is three."""
    for first, last in re.findall(r"\b(\d+\.\d+\.\d+)(?: to (\d+\.\d+\.\d+))?", text):
        section, _, begin = first.rpartition(".")
        end = int(last.rpartition(".")[2]) if last else int(begin)
        yield from (f"{section}.{number}" for number in range(int(begin), end + 1))


def test_every_requirement_of_level_two_of_its_chapters_is_listed_once() -> None:
    table = DOCUMENT.partition("## ASVS 5.0, chapter by chapter")[2].partition("\n## ")[0]
    listed = [number for row in re.findall(r"^\| ([\d., to]+) \|", table, re.M) for number in numbers(row)]
    assert sorted(listed) == sorted(f"{name}.{n}" for name, count in SECTIONS.items() for n in range(1, count + 1))


def test_the_tests_that_it_names_exist() -> None:
    source = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    defined = set(re.findall(r"def (test_\w+)", source))
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT))
    assert len(named) > 100
    assert sorted(named - defined) == []


def test_the_files_that_it_names_exist() -> None:
    named = set(re.findall(r"`((?:unit|api|integration)/[\w/]+\.py)`", DOCUMENT))
    assert sorted(name for name in named if not (ROOT / "tests" / name).is_file()) == []
