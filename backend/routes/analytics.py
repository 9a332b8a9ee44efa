"""A user's own usage: tokens, money and what routing and caching saved."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from backend.domain.daily_usage import AnalyticsData, DailyUsage
from backend.domain.usage import format_usd
from backend.domain.usage_advice import recommendations
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS

router = APIRouter(prefix="/api/ai/v4", tags=["analytics"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A model, an agent and a day. avg_response_time in seconds, null where no request ended there."""

    model: str
    agent: str
    date: date
    total_tokens: int
    total_cost: str | None
    avg_response_time: float | None
    request_count: int
    cached_count: int
    call_count: int
    unpriced_count: int


@dataclass(frozen=True, slots=True)
class Summary:
    total_requests: int
    cached_requests: int
    total_calls: int
    total_tokens: int
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    estimated_calls: int
    unpriced_calls: int
    avg_response_time: float | None


@dataclass(frozen=True, slots=True)
class CostAnalysis:
    """total_cost leaves unpriced calls out; summary.unpriced_calls counts them."""

    total_cost: str | None
    baseline_cost: str | None
    saved: str | None
    avg_cost_per_request: str | None
    recommendations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserAnalytics:
    user_id: str
    period_days: int
    usage_data: tuple[UsageRow, ...]
    summary: Summary
    cost_analysis: CostAnalysis


@router.get("/analytics/user")
async def user_analytics(
    user: CurrentUser, services: AetherServices, days: Annotated[int, Query(ge=1, le=365)] = 30
) -> UserAnalytics:
    data = await services.database.get_analytics_data(user.user_id, days)
    return UserAnalytics(user.user_id, days, tuple(map(row_of, data.rows)), summary_of(data.total), cost_of(data))


def row_of(row: DailyUsage) -> UsageRow:
    return UsageRow(
        model=row.model,
        agent=row.agent,
        date=date.fromisoformat(row.day),
        total_tokens=row.tokens,
        total_cost=format_usd(row.cost),
        avg_response_time=_average(row),
        request_count=row.requests,
        cached_count=row.cached_requests,
        call_count=row.calls,
        unpriced_count=row.unpriced,
    )


def summary_of(total: DailyUsage) -> Summary:
    return Summary(
        total_requests=total.requests,
        cached_requests=total.cached_requests,
        total_calls=total.calls,
        total_tokens=total.tokens,
        prompt_tokens=total.prompt,
        cached_prompt_tokens=total.cached_prompt,
        completion_tokens=total.completion,
        reasoning_tokens=total.reasoning,
        estimated_calls=total.estimated,
        unpriced_calls=total.unpriced,
        avg_response_time=_average(total),
    )


def cost_of(data: AnalyticsData) -> CostAnalysis:
    total = data.total
    average = total.cost // total.requests if total.requests else None
    return CostAnalysis(
        total_cost=format_usd(total.cost),
        baseline_cost=format_usd(total.baseline),
        saved=format_usd(total.baseline - total.cost),
        avg_cost_per_request=format_usd(average),
        recommendations=recommendations(data.rows, total),
    )


def _average(row: DailyUsage) -> float | None:
    return round(row.response_time_s / row.requests, 4) if row.requests else None
