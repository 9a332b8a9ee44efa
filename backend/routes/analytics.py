"""A user's own usage: tokens, money and what routing and caching saved."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from backend.domain.calibration.evidence import Evidence
from backend.domain.daily_usage import AnalyticsData, DailyUsage
from backend.domain.doc import Doc
from backend.domain.usage import format_usd
from backend.domain.usage_advice import recommendations
from backend.routes.deps import AetherServices, UsageReader
from backend.routes.problems import PROBLEMS
from backend.routes.savings import SavedBy, SavingsEvidence, saved_by, shape_of

router = APIRouter(prefix="/api/ai/v4", tags=["analytics"], responses=PROBLEMS)

Days = Annotated[int, Query(ge=1, le=365, description="Days that end today (UTC)")]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One model, one agent, one day."""

    model: Annotated[str, Doc("Model id")]
    agent: Annotated[str, Doc("Agent id; team: requests that several agents answered")]
    date: Annotated[date, Doc("Day in UTC")]
    total_tokens: Annotated[int, Doc("Tokens sent and produced")]
    total_cost: Annotated[str, Doc("Of the priced calls; USD as an exact decimal string")]
    avg_response_time: Annotated[float | None, Doc("Of a request, seconds; null: none ended here")]
    request_count: Annotated[int, Doc("Requests that were answered")]
    cached_count: Annotated[int, Doc("Of those, answered from the cache")]
    call_count: Annotated[int, Doc("Calls to the model")]
    unpriced_count: Annotated[int, Doc("Calls of unknown price, which total_cost leaves out")]


@dataclass(frozen=True, slots=True)
class Summary:
    total_requests: Annotated[int, Doc("Requests that were answered")]
    cached_requests: Annotated[int, Doc("Of those, answered from the cache")]
    total_calls: Annotated[int, Doc("Calls to models")]
    total_tokens: Annotated[int, Doc("Tokens sent and produced")]
    prompt_tokens: Annotated[int, Doc("Tokens sent, cached ones included")]
    cached_prompt_tokens: Annotated[int, Doc("Of those, read from the vendor's prompt cache")]
    completion_tokens: Annotated[int, Doc("Tokens produced, reasoning included")]
    reasoning_tokens: Annotated[int, Doc("Of those, reasoning")]
    estimated_calls: Annotated[int, Doc("Calls whose usage the vendor did not report, so it is an estimate")]
    unpriced_calls: Annotated[int, Doc("Calls of unknown price, which no sum of money includes")]
    avg_response_time: Annotated[float | None, Doc("Of a request, seconds; null: there was none")]


@dataclass(frozen=True, slots=True)
class CostAnalysis:
    """Money of the priced calls; summary.unpriced_calls counts the others."""

    total_cost: Annotated[str, Doc("USD as an exact decimal string")]
    baseline_cost: Annotated[str, Doc("What the large model would have cost without a cache; USD, exact")]
    saved: Annotated[str, Doc("Against the large model without a cache; negative: it cost more; USD, exact")]
    saved_by: SavedBy
    evidence: SavingsEvidence
    avg_cost_per_request: Annotated[str | None, Doc("USD, rounded down to 12 decimals; null: there was no request")]
    recommendations: Annotated[tuple[str, ...], Doc("What would save money or time, in people's words")]


@dataclass(frozen=True, slots=True)
class UserAnalytics:
    user_id: Annotated[str, Doc("The caller")]
    period_days: Annotated[int, Doc("Days that end today (UTC)")]
    usage_data: Annotated[tuple[UsageRow, ...], Doc("Newest day first")]
    summary: Summary
    cost_analysis: CostAnalysis


@router.get("/analytics/user")
async def get_analytics(user: UsageReader, services: AetherServices, days: Days = 30) -> UserAnalytics:
    """The caller's own usage by model, agent and day, what it cost and what routing and caching saved."""
    data = await services.database.get_analytics_data(user.user_id, days)
    return UserAnalytics(
        user.user_id,
        days,
        tuple(map(row_of, data.rows)),
        summary_of(data.total),
        cost_of(data, services.calibration.evidence()),
    )


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


def cost_of(data: AnalyticsData, evidence: Evidence) -> CostAnalysis:
    total = data.total
    average = total.cost // total.requests if total.requests else None
    return CostAnalysis(
        total_cost=format_usd(total.cost),
        baseline_cost=format_usd(total.baseline),
        saved=format_usd(total.savings.total),
        saved_by=saved_by(total.savings),
        evidence=shape_of(evidence),
        avg_cost_per_request=format_usd(average),
        recommendations=recommendations(data.rows, total, evidence),
    )


def _average(row: DailyUsage) -> float | None:
    return round(row.response_time_s / row.requests, 4) if row.requests else None
