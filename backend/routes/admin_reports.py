"""What all users together cost, and how the service does: for administrators."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from backend.domain.availability import OBJECTIVE_PERMILLE, PERMILLE, Availability
from backend.domain.daily_usage import CostField, DailyUsage
from backend.domain.doc import Doc
from backend.domain.usage import format_usd
from backend.routes.analytics import Days
from backend.routes.deps import Admin, AetherServices
from backend.routes.leaderboard import QualityShape, RecentDays, quality_of, rounded
from backend.routes.pages import DEFAULT_LIMIT, Limit
from backend.routes.problems import ADMIN_PROBLEMS
from backend.routes.savings import SavedBy, SavingsEvidence, saved_by, shape_of
from backend.services.reports import CostRow, DayReport
from backend.services.repositories.usage import PeriodUsage

DIGITS = 6

router = APIRouter(prefix="/api/admin", tags=["admin"], responses=ADMIN_PROBLEMS)

By = Annotated[CostField, Query(description="What costs are summed by")]


@dataclass(frozen=True, slots=True)
class CostSums:
    requests: Annotated[int, Doc("Requests that were answered; a team's count under the agent team")]
    cached_requests: Annotated[int, Doc("Of those, answered from the cache")]
    calls: Annotated[int, Doc("Calls to models")]
    tokens: Annotated[int, Doc("Tokens sent and produced")]
    cost: Annotated[str, Doc("Of the priced calls, USD, exact")]
    baseline_cost: Annotated[str, Doc("What the large model would have cost without a cache; USD, exact")]
    saved: Annotated[str, Doc("Against the large model without a cache; negative: it cost more; USD, exact")]
    saved_by: SavedBy
    unpriced_calls: Annotated[int, Doc("Calls of unknown price, which no sum of money includes")]


@dataclass(frozen=True, slots=True)
class CostItem(CostSums):
    id: Annotated[str, Doc("Of the user, the agent or the model; none: requests that no model answered")]
    name: Annotated[str | None, Doc("A user's address; null: the account is gone; else the id")]


@dataclass(frozen=True, slots=True)
class Costs:
    by: Annotated[CostField, Doc("What they are summed by")]
    period_days: Annotated[int, Doc("Days that end today (UTC)")]
    since: Annotated[date, Doc("The first of these days")]
    items: Annotated[tuple[CostItem, ...], Doc("The dearest first, up to limit of them")]
    total: Annotated[CostSums, Doc("Of everything, what is not listed included")]
    evidence: SavingsEvidence


@dataclass(frozen=True, slots=True)
class AvailabilityShape:
    """Requests that did not end with a 5xx status. Health checks and /metrics do not count."""

    requests: Annotated[int, Doc("Requests that were answered")]
    failed: Annotated[int, Doc("Of those, with a 5xx status")]
    availability: Annotated[float | None, Doc("Share of those that did not fail, 0 to 1; null without any")]


@dataclass(frozen=True, slots=True)
class ErrorBudget(AvailabilityShape):
    objective: Annotated[float, Doc("What availability should be at least")]
    allowed: Annotated[float, Doc("How many of these requests may fail")]
    left: Annotated[float | None, Doc("Share of it that is left; below 0: the objective is missed; null: no requests")]
    scope: Annotated[str, Doc("all_workers; this_worker: MongoDB does not answer")]


@dataclass(frozen=True, slots=True)
class BusinessDay:
    date: Annotated[date, Doc("Day in UTC")]
    requests: Annotated[int, Doc("AI requests that were answered")]
    cached_requests: Annotated[int, Doc("Of those, answered from the cache")]
    users: Annotated[int, Doc("People who asked something")]
    cost: Annotated[str, Doc("Of the priced calls, USD, exact")]
    saved: Annotated[str, Doc("Against the large model without a cache, USD, exact")]
    satisfaction: QualityShape
    availability: AvailabilityShape


@dataclass(frozen=True, slots=True)
class BusinessMonth:
    month: Annotated[str, Doc("Such as 2026-11, UTC")]
    requests: Annotated[int, Doc("AI requests that were answered")]
    users: Annotated[int, Doc("People who asked something")]
    cost: Annotated[str, Doc("Of the priced calls, USD, exact")]
    cost_per_user: Annotated[str, Doc("cost / users, USD, rounded down to 12 decimals")]


@dataclass(frozen=True, slots=True)
class Business:
    period_days: Annotated[int, Doc("Days that end today (UTC)")]
    since: Annotated[date, Doc("The first of these days")]
    requests: Annotated[int, Doc("AI requests that were answered")]
    requests_per_day: Annotated[float, Doc("On average")]
    cost: Annotated[str, Doc("Of the priced calls, USD, exact")]
    saved: Annotated[str, Doc("Against the large model without a cache; negative: it cost more; USD, exact")]
    saved_by: SavedBy
    evidence: SavingsEvidence
    satisfaction: QualityShape
    error_budget: ErrorBudget
    days: Annotated[tuple[BusinessDay, ...], Doc("Every day of the period, oldest first")]
    months: Annotated[tuple[BusinessMonth, ...], Doc("This month and the two before it, as far as anybody asked")]


@router.get("/costs")
async def get_costs(
    _: Admin, services: AetherServices, by: By = "user", days: Days = 30, limit: Limit = DEFAULT_LIMIT
) -> Costs:
    """What users, agents or models have cost, the dearest first, with the sum of all. Up to a minute old."""
    report = await services.reports.costs(by, days, limit)
    return Costs(
        by,
        days,
        report.since,
        tuple(map(_item, report.rows)),
        CostSums(**_sums(report.total)),
        shape_of(services.calibration.evidence()),
    )


@router.get("/business")
async def get_business(_: Admin, services: AetherServices, days: RecentDays = 30) -> Business:
    """AI requests by day, cost by user and month, satisfaction, and availability; up to a minute old."""
    report = await services.reports.business(days)
    return Business(
        period_days=days,
        since=report.since,
        requests=report.total.requests,
        requests_per_day=round(report.total.requests / days, 2),
        cost=format_usd(report.total.cost),
        saved=format_usd(report.total.savings.total),
        saved_by=saved_by(report.total.savings),
        evidence=shape_of(services.calibration.evidence()),
        satisfaction=quality_of(report.verdicts),
        error_budget=_error_budget(report.availability, complete=report.complete),
        days=tuple(map(_day, report.days)),
        months=tuple(map(_month, report.months)),
    )


def _sums(usage: DailyUsage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "cached_requests": usage.cached_requests,
        "calls": usage.calls,
        "tokens": usage.tokens,
        "cost": format_usd(usage.cost),
        "baseline_cost": format_usd(usage.baseline),
        "saved": format_usd(usage.savings.total),
        "saved_by": saved_by(usage.savings),
        "unpriced_calls": usage.unpriced,
    }


def _item(row: CostRow) -> CostItem:
    return CostItem(id=row.id, name=row.name, **_sums(row.usage))


def _availability(found: Availability) -> AvailabilityShape:
    return AvailabilityShape(found.requests, found.failed, rounded(found.share, DIGITS))


def _error_budget(found: Availability, *, complete: bool) -> ErrorBudget:
    return ErrorBudget(
        requests=found.requests,
        failed=found.failed,
        availability=rounded(found.share, DIGITS),
        objective=OBJECTIVE_PERMILLE / PERMILLE,
        allowed=found.allowed,
        left=rounded(found.left, DIGITS),
        scope="all_workers" if complete else "this_worker",
    )


def _day(day: DayReport) -> BusinessDay:
    return BusinessDay(
        date=date.fromisoformat(day.day),
        requests=day.usage.requests,
        cached_requests=day.usage.cached_requests,
        users=day.users,
        cost=format_usd(day.usage.cost),
        saved=format_usd(day.usage.savings.total),
        satisfaction=quality_of(day.verdicts),
        availability=_availability(day.availability),
    )


def _month(month: PeriodUsage) -> BusinessMonth:
    usage = month.usage
    per_user = format_usd(usage.cost // month.users)
    return BusinessMonth(month.period, usage.requests, month.users, format_usd(usage.cost), per_user)
