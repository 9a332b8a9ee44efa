"""What the benchmark writes: rows judged by targets, merged by scenario, between the markers of the document."""

from pathlib import Path

import pytest

from benchmark.document import BEGIN, END, replace_part
from benchmark.errors import BenchmarkError
from benchmark.machine import Machine
from benchmark.options import parse_options
from benchmark.report import Results, markdown, merge, number, read_results, write_results
from benchmark.results import Row, Scenario, figure, missing
from benchmark.scenarios import measure_of, scenario_names
from benchmark.targets import TARGETS

MACHINE = Machine("a processor", 2, 8.0, "6.1", "3.11")
DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def merged(kept: Results | None, *rows: Row, machine: Machine = MACHINE, when: str = "2026-11-23 03:00") -> Results:
    scenario = Scenario(rows[0].scenario, rows)
    return merge(kept, machine, scenario, {"aiohttp": "3"}, (when, "abc1234", 0.5))


def test_a_figure_is_the_median_judged_by_its_target() -> None:
    row = figure("uncached", "Aether, CPU per request", [650.0, 590.0, 500.0], "us")
    assert (row.value, row.spread, row.target, row.met) == (590.0, (500.0, 650.0), "≤ 600 us", True)
    assert figure("uncached", "Aether to Portkey", [3.9], "x").met is False
    assert figure("uncached", "something", [1.0], "us").met is None


def test_a_figure_that_could_not_be_had_misses_its_target() -> None:
    row = missing("uncached", "Aether to Portkey", "x", "npm cannot be reached")
    assert (row.value, row.met, row.note) == (None, False, "npm cannot be reached")
    assert "| Aether to Portkey | none |  | ≥ 4 x | **missed** |" in markdown(merged(None, row))


def test_a_note_stands_once_and_on_one_line() -> None:
    reason = "it said:\n\n" + "word " * 500
    rows = [missing("uncached", name, "x", reason) for name in ("Aether to Portkey", "Portkey, requests")]
    notes = [line for line in markdown(merged(None, *rows)).splitlines() if line.startswith("- ")]
    assert len(notes) == 1
    assert notes[0].startswith("- Aether to Portkey; Portkey, requests: it said: word word")
    assert len(notes[0]) < 500


def test_targets_without_a_figure_are_shown() -> None:
    text = markdown(merged(None, figure("uncached", "Aether, CPU per request", [700.0], "us")))
    assert (
        "| Aether, CPU per request | 700 us |  | ≤ 600 us | **missed** | 2026-11-23 03:00, abc1234, load 0.5 |" in text
    )
    for target in TARGETS[1:]:
        assert f"| {target.name} | not measured |  | {target.text} |  |  |" in text


def test_a_run_replaces_only_the_rows_of_its_scenario() -> None:
    first = merged(None, figure("a", "one", [1.0], "ms"), figure("a", "two", [2.0], "ms"))
    both = merged(first, figure("b", "three", [3.0], "ms"), when="2026-11-23 04:00")
    again = merged(both, figure("a", "one", [4.0], "ms"), when="2026-11-23 05:00")
    assert [(one.row.name, one.when[-5:]) for one in again.measured] == [("three", "04:00"), ("one", "05:00")]


def test_figures_of_another_machine_are_not_kept() -> None:
    first = merged(None, figure("a", "one", [1.0], "ms"))
    other = Machine("another processor", 2, 8.0, "6.1", "3.11")
    assert [one.row.name for one in merged(first, figure("b", "two", [2.0], "ms"), machine=other).measured] == ["two"]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.json"
    assert read_results(path) is None
    results = merged(None, figure("a", "one", [1.0, 3.0], "ms", "a note"), missing("a", "two", "ms", "a reason"))
    write_results(path, results)
    read = read_results(path)
    assert read is not None
    assert (read.machine, read.versions) == (results.machine, results.versions)
    assert list(read.measured) == list(results.measured)


@pytest.mark.parametrize(
    ("value", "text"), [(12_345.6, "12,346"), (99.96, "100"), (1.234, "1.23"), (0.01234, "0.0123"), (0.0, "0")]
)
def test_numbers_have_three_digits_that_mean_something(value: float, text: str) -> None:
    assert number(value) == text


def test_the_document_keeps_what_people_wrote() -> None:
    before, after = f"# Title\n\n{BEGIN}\n\nold\n\n", "\n\n## Other\n"
    assert replace_part(f"{before}{END}{after}", "new") == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}{after}"


@pytest.mark.parametrize("text", ["", f"{END} {BEGIN}", BEGIN, f"{BEGIN} {BEGIN} {END}"])
def test_a_document_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(BenchmarkError):
        replace_part(text, "new")


def test_the_document_of_the_project_has_the_markers() -> None:
    assert replace_part(DOCUMENT.read_text(), "new")


def test_every_scenario_can_be_measured_and_no_target_is_of_none() -> None:
    names = scenario_names()
    assert all(callable(measure_of(name)) for name in names)
    assert parse_options(names, []).scenarios == tuple(names)
    assert parse_options(names, ["uncached", "--runs", "2"]).scenarios == ("uncached",)


@pytest.mark.parametrize("arguments", [["nothing_like_it"], ["--runs", "0"], ["--runs", "20"]])
def test_the_command_line_is_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["uncached"], arguments)
    assert "error" in capsys.readouterr().err
