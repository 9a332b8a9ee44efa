"""docs/benchmarks.md: the part between two markers is written, everything else is people's."""

from pathlib import Path

from benchmark.errors import BenchmarkError

BEGIN = "<!-- written by scripts/bench: begin -->"
END = "<!-- written by scripts/bench: end -->"


def replace_part(document: str, part: str) -> str:
    """Raises BenchmarkError where the markers are not there once each, in this order."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise BenchmarkError(f"The document needs one {BEGIN} and after it one {END}.")
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"


def write_part(path: Path, part: str) -> None:
    path.write_text(replace_part(path.read_text(), part))
