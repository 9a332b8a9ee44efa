"""How well agents and models do."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from backend.domain.doc import Doc
from backend.domain.feedback import Verdicts, wilson_interval
from backend.domain.leaderboard import Standing
from backend.domain.usage import format_usd
from backend.routes.deps import AetherServices, UsageReader
from backend.routes.problems import PROBLEMS
from backend.services.performance_monitor.history import DAYS_MAX

DIGITS = 4

router = APIRouter(prefix="/api", tags=["analytics"], responses=PROBLEMS)

RecentDays = Annotated[int, Query(ge=1, le=DAYS_MAX, description="Days that end today (UTC)")]


@dataclass(frozen=True, slots=True)
class QualityShape:
    """What people think of answers; low and high: where the share lies with 95% confidence (Wilson's interval)."""

    share: Annotated[float | None, Doc("Of good verdicts among all, 0 to 1; null: nobody has judged")]
    low: Annotated[float | None, Doc("The share is at least that; null: nobody has judged")]
    high: Annotated[float | None, Doc("The share is at most that; null: nobody has judged")]
    up: Annotated[int, Doc("Answers that somebody found good")]
    down: Annotated[int, Doc("Answers that somebody did not find good")]


@dataclass(frozen=True, slots=True)
class LatencyShape:
    """Of its calls, whole answers; null where none was measured. Percentiles are nearest-rank, within 1%."""

    avg: Annotated[float | None, Doc("Mean, seconds")]
    p50: Annotated[float | None, Doc("Median, seconds")]
    p95: Annotated[float | None, Doc("95th percentile, seconds")]


@dataclass(frozen=True, slots=True)
class StandingShape:
    """An agent or a model."""

    id: Annotated[str, Doc("Agent id (team: answers that several agents gave; quick: chat/quick) or model id")]
    requests: Annotated[int, Doc("Requests that it answered")]
    calls: Annotated[int, Doc("Calls to models; an agent's calls within a team are its own")]
    quality: QualityShape
    cost_per_call: Annotated[str | None, Doc("USD, rounded down to 12 decimals; null: no call has a price")]
    latency: LatencyShape
    quality_per_dollar: Annotated[
        float | None, Doc("How many good answers a dollar buys: share / cost_per_call; null where one of them is")
    ]


@dataclass(frozen=True, slots=True)
class LeaderboardShape:
    """Best first: by what the quality is at least, then by calls."""

    period_days: Annotated[int, Doc("Days that end today (UTC)")]
    since: Annotated[date, Doc("The first of these days")]
    agents: tuple[StandingShape, ...]
    models: tuple[StandingShape, ...]


@router.get("/leaderboard")
async def get_leaderboard(_: UsageReader, services: AetherServices, days: RecentDays = 30) -> LeaderboardShape:
    """Agents and models by quality, cost, latency and quality per dollar, over all users. Up to a minute old."""
    board = await services.reports.leaderboard(days)
    return LeaderboardShape(days, board.since, tuple(map(shape_of, board.agents)), tuple(map(shape_of, board.models)))


def shape_of(standing: Standing) -> StandingShape:
    latency = standing.latency
    return StandingShape(
        id=standing.id,
        requests=standing.consumption.requests,
        calls=standing.consumption.calls,
        quality=quality_of(standing.verdicts),
        cost_per_call=format_usd(standing.cost_per_call),
        latency=LatencyShape(rounded(latency.avg), rounded(latency.p50), rounded(latency.p95)),
        quality_per_dollar=rounded(standing.quality_per_dollar, 1),
    )


def quality_of(verdicts: Verdicts) -> QualityShape:
    low, high = wilson_interval(verdicts) or (None, None)
    return QualityShape(rounded(verdicts.share), rounded(low), rounded(high), verdicts.up, verdicts.down)


def rounded(value: float | None, digits: int = DIGITS) -> float | None:
    return None if value is None else round(value, digits)
