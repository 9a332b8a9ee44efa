"""What the command line asks for."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.simulator import CHECKOUT

DOCS = CHECKOUT / "docs"
LONGEST_S = 120
"""Of all runs of one contender: four of them take turns, and access tokens are valid for ten minutes."""


@dataclass(frozen=True, slots=True)
class Options:
    """scenarios: names, in order. docs: the folder with benchmarks.md and benchmarks.json; None prints only."""

    scenarios: tuple[str, ...]
    runs: int
    seconds: float
    docs: Path | None


def parse_options(known: Sequence[str], arguments: Sequence[str] | None = None) -> Options:
    """Ends the process with a usage message where it is wrong. known: names of all scenarios."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures Aether and writes docs/benchmarks.md and docs/benchmarks.json."
    )
    parser.add_argument("scenarios", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all without a name")
    parser.add_argument("--runs", type=_positive, default=5, help="how often each figure is measured (5)")
    parser.add_argument("--seconds", type=_positive, default=8, help="how long each time (8)")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the two files, which are updated")
    parser.add_argument("--print", action="store_true", help="shows the table and writes no file")
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.scenarios if name not in known]:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(known)}")
    if asked.runs * asked.seconds > LONGEST_S:
        parser.error(f"--runs times --seconds is at most {LONGEST_S}")
    names = tuple(asked.scenarios) or tuple(known)
    return Options(names, asked.runs, asked.seconds, None if asked.print else asked.docs)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("expected a whole number above 0")
    return value
