"""The figures of docs/routing.md on similar answers and on teams are what the evaluation prints."""

import pytest

from backend.domain.routing.team_worth import FieldPart, Separation
from router_training import evaluate_similar, evaluate_team
from router_training.main import evaluate

ONE, OTHER, TRAP = "How do I sort a list?", "how can I sort a list", "How do I sort a tuple?"


def test_pairs_are_counted_by_part_and_the_held_out_ones_by_language() -> None:
    def pair(part: str, other: str, *, same: bool) -> dict[str, str | bool]:
        return {"part": part, "language": "en", "same": same, "one": ONE, "other": other}

    pairs = [pair("fitting", OTHER, same=True), pair("held_out", OTHER, same=False), pair("held_out", TRAP, same=True)]
    rows = evaluate_similar.report(pairs)[2:]
    assert [row.split(" | ")[:4] for row in rows] == [
        ["| fitting", "1", "1 of 1", "0 of 0"],
        ["| held_out", "2", "0 of 1", "1 of 1"],
        ["| held_out en", "2", "0 of 1", "1 of 1"],
    ]


def test_similar_ones_are_found_among_many() -> None:
    assert list(evaluate_similar.similar_among([ONE, TRAP, OTHER, ""])) == [(ONE, OTHER)]


def test_teams_are_counted_by_part() -> None:
    both = Separation((FieldPart("dev", "a"), FieldPart("luna", "b")))
    messages = [
        {"part": "held_out", "team": True, "agents": ["dev", "luna"], "message": "both"},
        {"part": "held_out", "team": True, "agents": ["dev", "sage"], "message": "both"},
        {"part": "held_out", "team": False, "agents": [], "message": "both"},
        {"part": "held_out", "team": True, "agents": ["dev", "luna"], "message": "none"},
    ]
    [row] = evaluate_team.report(messages, lambda text: both if text == "both" else Separation(()))[2:]
    assert row.startswith("| held_out | 4 | 3 | 2 (1 of them the very agents) | 1 | 66.7% (")


@pytest.mark.parametrize("command", ["similar", "team"])
def test_the_command_prints_them(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate([command]) == 0
    assert "| held_out |" in capsys.readouterr().out
