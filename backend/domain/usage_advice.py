"""What a user could do about their costs: each piece of advice names the figure that it follows from."""

from collections.abc import Sequence

from backend.domain.agents import TEAM
from backend.domain.daily_usage import DailyUsage
from backend.domain.usage import format_usd

TEAM_SHARE = 0.5
CACHED_PROMPT_SHARE = 0.2
LONG_PROMPT_TOKENS = 4_000
MINIMUM_REQUESTS = 10


def recommendations(rows: Sequence[DailyUsage], total: DailyUsage) -> tuple[str, ...]:
    """Nothing where there are too few requests to tell."""
    if total.requests < MINIMUM_REQUESTS:
        return ()
    advice = (_team(rows, total), _prompts(total), _unpriced(total), _saved(total))
    return tuple(piece for piece in advice if piece)


def _team(rows: Sequence[DailyUsage], total: DailyUsage) -> str | None:
    team_requests = sum(row.requests for row in rows if row.agent == TEAM)
    share = team_requests / total.requests
    if share < TEAM_SHARE:
        return None
    return (
        f"{share:.0%} of your requests asked several agents at once. One agent costs about a sixth; "
        "chat/estimate tells when a team is worth it."
    )


def _prompts(total: DailyUsage) -> str | None:
    per_call = total.prompt // total.calls if total.calls else 0
    if per_call < LONG_PROMPT_TOKENS or total.cached_prompt >= total.prompt * CACHED_PROMPT_SHARE:
        return None
    return (
        f"A call reads {per_call} prompt tokens on average and {total.cached_prompt / total.prompt:.0%} of them at the "
        "reduced price. Start a new conversation where an old one is no longer needed."
    )


def _unpriced(total: DailyUsage) -> str | None:
    if not total.unpriced:
        return None
    return f"{total.unpriced} calls went to models without a known price and are missing from the total."


def _saved(total: DailyUsage) -> str | None:
    saved = total.baseline - total.cost
    if saved <= 0:
        return None
    return (
        f"Routing and caching saved {format_usd(saved)} USD of {format_usd(total.baseline)} USD that the large model "
        f"would have cost; {total.cached_requests} of {total.requests} requests were answered from the cache."
    )
