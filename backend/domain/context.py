"""What of a conversation a model gets to see: bounded in tokens, with a prefix that stays the same byte for byte.

Vendors bill a prompt's known prefix at a reduced price. So where the oldest messages no longer fit, the window moves
by a quarter of its size instead of message by message: between two such steps the prefix is stable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.conversations import ContextItem

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
STEPS_PER_WINDOW = 4


@dataclass(frozen=True, slots=True)
class FittedContext:
    """items: what is sent, oldest first. omitted: how many of the oldest were left out. tokens: estimated."""

    items: tuple[ContextItem, ...]
    omitted: int
    tokens: int


def text_tokens(text: str) -> int:
    """A vendor-neutral estimate: UTF-8 bytes / 4, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def estimate_tokens(text: str) -> int:
    """The tokens of a message: its text and its frame."""
    return text_tokens(text) + TOKENS_PER_MESSAGE


def fit_context(items: Sequence[ContextItem], budget: int) -> FittedContext:
    """The newest items that fit into the budget (tokens). The newest one is never left out for the sake of a step."""
    sizes = [estimate_tokens(item.content) for item in items]
    total = sum(sizes)
    excess = max(total - budget, 0)
    step = max(budget // STEPS_PER_WINDOW, 1)
    omitted = _oldest(sizes, -(-excess // step) * step)
    if omitted == len(sizes):
        omitted = _oldest(sizes, excess)
    return FittedContext(tuple(items[omitted:]), omitted, sum(sizes[omitted:]))


def _oldest(sizes: Sequence[int], tokens: int) -> int:
    """How many of the oldest it takes to make up so many tokens; all of them where that is not enough."""
    count = 0
    while tokens > 0 and count < len(sizes):
        tokens -= sizes[count]
        count += 1
    return count
