"""Comparisons: medians over turns, only of what went without an error, and peers that are away are told."""

import pytest

from benchmark.comparison import Comparison
from benchmark.load import Load
from benchmark.rounds import Round


def one_round(answers: int, cpu_s: float = 0.001, *, refusals: int = 0, p50_s: float = 0.002) -> Round:
    return Round(Load(answers, refusals, 0, 2.0, p50_s, 2 * p50_s), cpu_s)


def compared() -> Comparison:
    rounds = {
        "Aether": [one_round(100), one_round(400, 0.002), one_round(900, refusals=3)],
        "Portkey": [one_round(50), one_round(100), one_round(100)],
    }
    return Comparison("uncached", rounds, {"LiteLLM": "it cannot be installed"})


def test_figures_are_of_one_request_and_one_second() -> None:
    comparison = compared()
    assert comparison.cpu("Portkey").value == pytest.approx(10)
    assert comparison.rate("Portkey").value == 50
    assert comparison.busy("Portkey").value == pytest.approx(0.05)
    assert comparison.rate("Portkey").note == ""


def test_what_works_for_a_contender_has_its_own_figure() -> None:
    rounds = [Round(Load(100, 0, 0, 2.0, 0.0, 0.0), 0.1, {"mongod": 0.05})]
    assert Comparison("uncached", {"Aether": rounds}).beside("Aether", "mongod").value == pytest.approx(500)


def test_a_round_with_errors_is_no_figure_and_is_told() -> None:
    row = compared().rate("Aether")
    assert (row.value, row.spread) == (125, (50, 200))
    assert row.note == "runs with errors are left out: Aether: 900 answers, 3 refusals, 0 broken connections"


def test_a_ratio_is_that_of_the_same_turn() -> None:
    row = compared().ratio("Aether", "Portkey")
    assert (row.name, row.value, row.spread, row.met) == ("Aether to Portkey", 3, (2, 4), False)
    assert compared().cpu_ratio("Aether", "Portkey").value == pytest.approx(2)


def test_who_does_not_take_part_is_told() -> None:
    comparison = compared()
    for row in (comparison.cpu("LiteLLM"), comparison.ratio("Aether", "LiteLLM")):
        assert (row.value, row.note) == (None, "it cannot be installed")
    assert comparison.ratio("Aether", "LiteLLM").met is False


def test_nothing_but_errors_is_no_figure() -> None:
    comparison = Comparison("uncached", {"Aether": [one_round(0), one_round(5, refusals=5)]})
    row = comparison.cpu("Aether")
    assert (row.value, row.met) == (None, False)
    assert "0 answers" in row.note
    assert "5 refusals" in row.note
