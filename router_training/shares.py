"""Shares with their intervals, as reports print them."""

from backend.domain.proportions import wilson


def share_of(part: int, whole: int, *, none: str = "none") -> str:
    """In percent, with the 95% interval. none: what is said of nothing."""
    if not whole:
        return none
    low, high = wilson(part / whole, whole)
    return f"{part / whole:.1%} ({low:.1%} to {high:.1%})"
