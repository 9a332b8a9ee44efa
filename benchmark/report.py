"""Measured rows as JSON, which is kept, and as the Markdown table that is made from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import shorten

import orjson

from benchmark.machine import Machine
from benchmark.results import Row, Scenario
from benchmark.targets import TARGETS

HEAD = ("figure", "median", "least … most", "target", "", "measured")
NOTE_CHARACTERS = 400
MARKS = {True: "met", False: "**missed**", None: ""}


@dataclass(frozen=True, slots=True)
class Measured:
    """A row with its circumstances. when: minute of the day in UTC. load: average of the minute before the start."""

    row: Row
    when: str
    commit: str
    load: float


@dataclass(frozen=True, slots=True)
class Results:
    """All that is known: of each scenario what its last run has measured. versions: of what took part, by name."""

    machine: Machine
    versions: Mapping[str, str] = field(default_factory=dict)
    measured: Sequence[Measured] = ()

    def of(self, scenario: str) -> list[Measured]:
        return [one for one in self.measured if one.row.scenario == scenario]

    @property
    def scenarios(self) -> list[str]:
        """In the order of the targets, then those without one."""
        known = [target.scenario for target in TARGETS]
        return list(dict.fromkeys([*known, *sorted({one.row.scenario for one in self.measured})]))


def merge(
    kept: Results | None,
    machine: Machine,
    scenario: Scenario,
    versions: Mapping[str, str],
    circumstances: tuple[str, str, float],
) -> Results:
    """With the scenario's rows in place of its former ones. Figures of another machine are not kept beside ours.

    circumstances: when, commit and load of Measured.
    """
    same = kept if kept and _alike(kept.machine, machine) else None
    others = [one for one in same.measured if one.row.scenario != scenario.name] if same else []
    new = [Measured(row, *circumstances) for row in scenario.rows]
    return Results(machine, {**(same.versions if same else {}), **versions}, (*others, *new))


def _alike(one: Machine, other: Machine) -> bool:
    return (one.cpu, one.cores) == (other.cpu, other.cores)


def read_results(path: Path) -> Results | None:
    """None where nothing has been measured yet."""
    if not path.exists():
        return None
    content = orjson.loads(path.read_bytes())
    measured = [_measured(one) for one in content["measured"]]
    return Results(Machine(**content["machine"]), content["versions"], measured)


def _measured(content: Mapping[str, object]) -> Measured:
    fields = dict(content)
    row = dict(fields.pop("row"))  # type: ignore[call-overload]
    spread = row.pop("spread")
    return Measured(Row(**row, spread=tuple(spread) if spread else None), **fields)  # type: ignore[arg-type]


def write_results(path: Path, results: Results) -> None:
    path.write_bytes(orjson.dumps(asdict(results), option=orjson.OPT_INDENT_2) + b"\n")


def markdown(results: Results) -> str:
    """One table a scenario; targets that nothing has been measured for are shown as such."""
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results.versions.items()))
    lines = [
        f"Machine: {machine.cores} cores of {machine.cpu}, {machine.memory} GiB, Linux {machine.kernel}, "
        f"Python {machine.python}. Versions: {versions}.",
    ]
    for scenario in results.scenarios:
        lines += ["", f"### {scenario}", "", *_table(results, scenario)]
    return "\n".join(lines)


def _table(results: Results, scenario: str) -> list[str]:
    measured = results.of(scenario)
    rows = [_cells(one) for one in measured]
    names = {one.row.name for one in measured}
    rows += [
        (target.name, "not measured", "", target.text, "", "")
        for target in TARGETS
        if target.scenario == scenario and target.name not in names
    ]
    notes = _notes([one.row for one in measured])
    ruler = ("---", "---:", "---:", "---", "---", "---")
    table = [f"| {' | '.join(cells)} |" for cells in (HEAD, ruler, *rows)]
    return [*table, *(["", *(f"- {note}" for note in notes)] if notes else [])]


def _notes(rows: Sequence[Row]) -> list[str]:
    """Each note once, after the figures that have it, on one line: what a server's log said may be long."""
    named: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            named.setdefault(shorten(row.note, NOTE_CHARACTERS, placeholder=" …"), []).append(row.name)
    return [f"{'; '.join(names)}: {note}" for note, names in named.items()]


def _cells(one: Measured) -> tuple[str, ...]:
    row = one.row
    value = "none" if row.value is None else f"{number(row.value)} {row.unit}".strip()
    spread = "" if row.spread is None else " … ".join(number(value) for value in row.spread)
    return row.name, value, spread, row.target, MARKS[row.met], f"{one.when}, {one.commit}, load {one.load:g}"


def number(value: float) -> str:
    """Three significant digits, or all of an integer's: 12,345 and 1.23 and 0.0123."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
