"""A run of the benchmark: figures are kept as soon as they are there, and a scenario that fails fails alone."""

import os
from pathlib import Path

import pytest

from benchmark import main
from benchmark.bench import Bench
from benchmark.cores import Cores
from benchmark.document import BEGIN, END
from benchmark.errors import BenchmarkError
from benchmark.options import Options
from benchmark.report import read_results
from benchmark.results import Scenario, figure


async def measured(bench: Bench) -> Scenario:
    return Scenario("measured", (figure("measured", "a figure", [float(bench.runs)], "ms"),))


async def broken(bench: Bench) -> Scenario:
    raise BenchmarkError("nobody answers")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "benchmarks.md").write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    monkeypatch.setattr(main, "measure_of", {"measured": measured, "broken": broken}.__getitem__)
    return tmp_path


async def run(docs: Path, *scenarios: str) -> int:
    anywhere = frozenset(os.sched_getaffinity(0))
    return await main.run(Options(scenarios, 3, 1, docs), Cores(anywhere, anywhere))


async def test_figures_are_written_into_both_files(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(docs, "measured") == 0
    text = (docs / "benchmarks.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| a figure | 3 ms |" in text
    assert "| a figure | 3 ms |" in capsys.readouterr().out
    results = read_results(docs / "benchmarks.json")
    assert results is not None
    assert [one.row.name for one in results.measured] == ["a figure"]


async def test_a_scenario_that_fails_takes_nothing_with_it(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(docs, "broken", "measured") == 1
    assert "broken failed: BenchmarkError: nobody answers" in capsys.readouterr().err
    assert "| a figure | 3 ms |" in (docs / "benchmarks.md").read_text()
