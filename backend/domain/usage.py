"""Tokens and money: what a call consumed, what it cost, to the last digit.

Money is an integer number of pico-dollars (1 USD = 10**12). A price of one micro-dollar per million tokens is
exactly one pico-dollar per token, so cost is a sum of products of integers and nothing is ever rounded.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import overload

from backend.domain.savings import saved_of

PICO_PER_USD = 10**12
EXACT = Context(prec=60, Emax=60, traps=[InvalidOperation, Inexact, Overflow])
"""Refuses to round, and amounts that nobody has."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one call. cached_prompt is part of prompt, reasoning is part of completion."""

    prompt: int = 0
    cached_prompt: int = 0
    completion: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.prompt + other.prompt,
            self.cached_prompt + other.cached_prompt,
            self.completion + other.completion,
            self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Pico-dollars per token (the same number as micro-dollars per million tokens), valid from a date.

    cached_input None: the vendor has no reduced price, cached tokens cost as much as others.
    """

    version: str
    input: int
    cached_input: int | None
    output: int

    def cost(self, usage: TokenUsage) -> int:
        """Pico-dollars for the usage."""
        cached_rate = self.input if self.cached_input is None else self.cached_input
        fresh = usage.prompt - usage.cached_prompt
        return fresh * self.input + usage.cached_prompt * cached_rate + usage.completion * self.output


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One upstream call in the ledger. cost and baseline in pico-dollars, None where no price is known.

    baseline: what the large model would have cost with the same tokens; 0 for a call whose answer was given up.
    reported_cost: what the vendor says that the call cost, in pico-dollars; None where it says nothing.
    outcome: ok, cancelled, failed or unsettled. estimated: the vendor reported no usage.
    purpose: answer, escalation (the large model after an answer was given up), agent, synthesis or comparison.
    latency_s and ttft_s (time to first token) in seconds.
    """

    call: int
    agent: str
    model: str
    usage: TokenUsage
    cost: int | None
    baseline: int | None
    price_version: str | None
    latency_s: float
    ttft_s: float | None
    outcome: str
    purpose: str
    timestamp: datetime
    estimated: bool = False
    attempts: int = 1
    fallback_from: tuple[str, ...] = field(default=())
    reported_cost: int | None = None

    @property
    def saved(self) -> int | None:
        return saved_of(self.cost, self.baseline)


@overload
def format_usd(pico: int) -> str: ...
@overload
def format_usd(pico: int | None) -> str | None: ...
def format_usd(pico: int | None) -> str | None:
    """Exact decimal string in USD ("0", "0.000012345"), None for an unknown amount."""
    if pico is None:
        return None
    sign, digits = ("-" if pico < 0 else ""), abs(pico)
    whole, fraction = divmod(digits, PICO_PER_USD)
    tail = f"{fraction:012d}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


def parse_usd(text: str) -> int:
    """Pico-dollars of a decimal string in USD. Raises ValueError for anything else or more than 12 decimals."""
    try:
        pico = EXACT.multiply(Decimal(text), Decimal(PICO_PER_USD))
    except DecimalException as error:
        raise ValueError("not a decimal number of at most 12 decimals") from error
    if not pico.is_finite() or pico != pico.to_integral_value():
        raise ValueError("not a finite amount with at most 12 decimals")
    return int(pico)


def sum_known(amounts: "list[int | None]") -> int | None:
    """The sum, None as soon as one amount is unknown: an unpriced call is never counted as free."""
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
