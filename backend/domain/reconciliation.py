"""What a vendor says of a call against what is counted here: where the two differ, one of them is wrong."""

from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Literal

from backend.domain.usage import PICO_PER_USD, TokenUsage

Kind = Literal["total_tokens", "cached_prompt", "reasoning", "completion", "cost"]

COST_PERCENT = 1
COST_LEAST = 10**6
"""Pico-dollars: vendors that report a cost round it to a micro-dollar."""

COMPLETION_FACTOR, COMPLETION_LEAST = 8, 400
"""Tokens are counted from text at four bytes each; a language or a format may be three times off, not eight."""

COST_MAX_USD = 10**6


@dataclass(frozen=True, slots=True)
class VendorReport:
    """Counts of tokens as the vendor wrote them, before anything was bounded. total None: it gave none.

    cost: pico-dollars that the vendor, or a gateway before it, says that the call cost; None where it says nothing.
    """

    prompt: int
    completion: int
    total: int | None = None
    cached_prompt: int = 0
    reasoning: int = 0
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """ours and theirs in tokens, cost in pico-dollars."""

    kind: Kind
    ours: int
    theirs: int


def reconcile(report: VendorReport, usage: TokenUsage, cost: int | None, seen: int | None) -> tuple[Discrepancy, ...]:
    """Where the report contradicts itself or what is counted here; nothing where all is well.

    cost: at the catalogue's price, None where that is unknown. seen: tokens of the answer estimated from its text; None
    where a part of it may have been kept back, as reasoning is.
    """
    checks = (
        _differs("total_tokens", usage.total, report.total),
        _exceeds("cached_prompt", report.prompt, report.cached_prompt),
        _exceeds("reasoning", report.completion, report.reasoning),
        _implausible(seen, report.completion),
        _dearer(cost, report.cost),
    )
    return tuple(found for found in checks if found)


def read_cost(value: object) -> int | None:
    """Pico-dollars of a cost in USD as gateways report it: a number, its text, or an object with a total_cost."""
    if isinstance(value, dict):
        value = value.get("total_cost")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        usd = Decimal(str(value))
    except DecimalException:
        return None
    return int(usd * PICO_PER_USD) if usd.is_finite() and 0 <= usd <= COST_MAX_USD else None


def _differs(kind: Kind, ours: int, theirs: int | None) -> Discrepancy | None:
    return None if theirs is None or theirs == ours else Discrepancy(kind, ours, theirs)


def _exceeds(kind: Kind, whole: int, part: int) -> Discrepancy | None:
    """A part that is larger than its whole."""
    return Discrepancy(kind, whole, part) if part > whole else None


def _implausible(seen: int | None, reported: int) -> Discrepancy | None:
    if seen is None:
        return None
    small, large = sorted((seen, reported))
    return Discrepancy("completion", seen, reported) if large > small * COMPLETION_FACTOR + COMPLETION_LEAST else None


def _dearer(ours: int | None, theirs: int | None) -> Discrepancy | None:
    if ours is None or theirs is None:
        return None
    allowed = max(ours * COST_PERCENT // 100, COST_LEAST)
    return Discrepancy("cost", ours, theirs) if abs(ours - theirs) > allowed else None
