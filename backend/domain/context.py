"""What of a conversation a model gets to see: bounded in tokens, with a prefix that stays the same byte for byte.

Vendors bill a prompt's known prefix at a reduced price. So the messages go oldest first, and where they no longer
fit the window moves in steps of several messages instead of one by one: between two steps the prefix is stable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.conversations import ContextItem

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
WINDOW_STEP = 8


@dataclass(frozen=True, slots=True)
class FittedContext:
    """items: what is sent, oldest first. omitted: how many of the oldest were left out. tokens: estimated."""

    items: tuple[ContextItem, ...]
    omitted: int
    tokens: int


def estimate_tokens(text: str) -> int:
    """A vendor-neutral estimate: UTF-8 bytes / 4, rounded up, plus the frame of one message."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE


def fit_context(items: Sequence[ContextItem], budget: int) -> FittedContext:
    """The newest items that fit into the budget (tokens), dropping the oldest in steps of WINDOW_STEP."""
    sizes = [estimate_tokens(item.content) for item in items]
    total, omitted = sum(sizes), 0
    while total > budget and omitted < len(items):
        step = sizes[omitted : omitted + WINDOW_STEP]
        total -= sum(step)
        omitted += len(step)
    return FittedContext(tuple(items[omitted:]), omitted, total)
