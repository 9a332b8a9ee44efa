"""What a user could do about their costs: each piece of advice names the figure that it follows from."""

from collections.abc import Sequence

from backend.domain.agents import TEAM
from backend.domain.calibration.evidence import Evidence
from backend.domain.daily_usage import DailyUsage
from backend.domain.savings import describe
from backend.domain.usage import format_usd

TEAM_SHARE = 0.5
CACHED_PROMPT_SHARE = 0.2
LONG_PROMPT_TOKENS = 4_000
MINIMUM_REQUESTS = 10


def recommendations(rows: Sequence[DailyUsage], total: DailyUsage, evidence: Evidence) -> tuple[str, ...]:
    """Nothing where there are too few requests to tell. evidence: of what routing's saving has cost in quality."""
    if total.requests < MINIMUM_REQUESTS:
        return ()
    advice = (_team(rows, total), _prompts(total), _unpriced(total), _saved(total, evidence))
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


def _saved(total: DailyUsage, evidence: Evidence) -> str | None:
    """Each part by itself: what the cache saves costs no quality, what routing saves may."""
    routing, cache = total.saved_routing, total.saved_cache
    parts = []
    if routing:
        beside = "saved {} USD against" if routing > 0 else "cost {} USD more than"
        told = f"Routing {beside.format(format_usd(abs(routing)))} the large model alone"
        parts.append(f"{told}; {describe(evidence)}.")
    if cache:
        answered = f"{total.cached_requests} of {total.requests} requests were answered from it"
        parts.append(f"The cache saved {format_usd(cache)} USD; {answered}.")
    return " ".join(parts) or None
