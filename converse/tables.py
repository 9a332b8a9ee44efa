"""Markdown tables: names to the left, figures to the right."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from backend.domain.usage import format_usd

NONE = "–"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The first column is text; a None is shown as a dash, and a bar in a cell does not end it."""
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Sequence[object]) -> str:
    texts = (NONE if cell is None else str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(texts)} |"


def cross_table(corner: str, counts: Mapping[str, Counter[str]]) -> str:
    """One row a name, one column for everything that was counted, the most frequent first, and the sum of all rows."""
    total: Counter[str] = sum(counts.values(), Counter())
    columns = [name for name, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))]
    rows = [[name, *(row[column] for column in columns)] for name, row in sorted(counts.items())]
    return table([corner, *columns], [*rows, ["all", *(total[column] for column in columns)]])


def seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def dollars(pico: int | None) -> str:
    return format_usd(pico) or "unpriced"


def share(part: int, whole: int) -> str:
    """Percent with one decimal, rounded down, from integers."""
    if whole == 0:
        return NONE
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10}%"
