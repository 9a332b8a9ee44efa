"""Reports over all users, each computed once a minute at most: many may ask for them, and they read many counters."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from backend.domain.agents import SYNTHESIZER
from backend.domain.availability import Availability
from backend.domain.calibration.comparisons import COMPARISON, COMPARISONS_NAME, COMPARISONS_OWNER
from backend.domain.daily_usage import CostField, DailyUsage, total
from backend.domain.feedback import Verdicts
from backend.domain.leaderboard import Consumption, standings
from backend.services.performance_monitor.history import History
from backend.services.reports.recent import Recent
from backend.services.reports.shapes import BusinessReport, CostReport, CostRow, DayReport, Leaderboard
from backend.services.repositories.feedback import AdminFeedbackRepository
from backend.services.repositories.managed_users import AdminAccountRepository
from backend.services.repositories.usage import COST_ROWS_MAX, AdminUsageRepository, PeriodUsage
from backend.services.turn_log.counters import NO_MODEL

TTL_S = 60.0
MONTHS = 3
"""Whose cost is shown by month, the current one among them."""


class Reports:
    """now: the instant, aware. clock: seconds that only rise."""

    def __init__(
        self,
        usage: AdminUsageRepository,
        feedback: AdminFeedbackRepository,
        users: AdminAccountRepository,
        history: History,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._usage, self._feedback, self._users, self._history = usage, feedback, users, history
        self._now = now
        self._leaderboards = Recent(self._leaderboard, TTL_S, clock)
        self._costs = Recent(self._cost_report, TTL_S, clock)
        self._businesses = Recent(self._business, TTL_S, clock)

    async def leaderboard(self, days: int) -> Leaderboard:
        """Of the last days in UTC, today among them; up to a minute old."""
        return await self._leaderboards.get(days)

    async def costs(self, by: CostField, days: int, limit: int) -> CostReport:
        """Of the last days in UTC, today among them; up to a minute old. limit: up to COST_ROWS_MAX."""
        report = await self._costs.get((by, days))
        return replace(report, rows=report.rows[:limit])

    async def business(self, days: int) -> BusinessReport:
        """Of the last days in UTC, today among them, up to history.DAYS_MAX; up to a minute old."""
        return await self._businesses.get(days)

    async def _cost_report(self, asked: tuple[CostField, int]) -> CostReport:
        by, days = asked
        since = self._since(days)
        rows, whole = await asyncio.gather(self._usage.costs(by, since, COST_ROWS_MAX), self._usage.total(since))
        names = await self._users.emails(name for name, _ in rows) if by == "user" else {name: name for name, _ in rows}
        names |= {COMPARISONS_OWNER: COMPARISONS_NAME} if by == "user" else {}
        return CostReport(since, [CostRow(name, names.get(name), usage) for name, usage in rows], whole)

    async def _business(self, days: int) -> BusinessReport:
        since = self._since(days)
        periods, months, tallies, availability = await asyncio.gather(
            self._usage.by_day(since),
            self._usage.by_month(self._first_month()),
            self._feedback.tallies(since),
            self._history.availability(days),
        )
        verdicts: dict[str, Verdicts] = {}
        for tally in tallies:
            verdicts[tally.day] = verdicts.get(tally.day, Verdicts()) + tally.verdicts
        by_day = {period.period: period for period in periods}
        dates = [(since + timedelta(days=number)).isoformat() for number in range(days)]
        rows = [_day_report(day, by_day, verdicts.get(day), availability.by_day.get(day)) for day in dates]
        return BusinessReport(
            since=since,
            days=rows,
            months=months,
            total=total(row.usage for row in rows),
            verdicts=sum((row.verdicts for row in rows), Verdicts()),
            availability=sum((row.availability for row in rows), Availability()),
            complete=availability.complete,
        )

    async def _leaderboard(self, days: int) -> Leaderboard:
        since = self._since(days)
        rows, tallies, latencies = await asyncio.gather(
            self._usage.totals(since), self._feedback.tallies(since), self._history.latencies(days)
        )
        rows = [row for row in rows if row.agent != COMPARISON]
        return Leaderboard(
            since,
            agents=standings(
                ((row.agent, _consumption(row)) for row in rows if row.agent != SYNTHESIZER.id),
                ((tally.agent, tally.verdicts) for tally in tallies if tally.agent),
                latencies.by_agent,
            ),
            models=standings(
                ((row.model, _consumption(row)) for row in rows if row.model != NO_MODEL),
                ((tally.model, tally.verdicts) for tally in tallies if tally.model),
                latencies.by_model,
            ),
        )

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()

    def _since(self, days: int) -> date:
        return self._today() - timedelta(days=days - 1)

    def _first_month(self) -> date:
        month = self._today().replace(day=1)
        for _ in range(MONTHS - 1):
            month = (month - timedelta(days=1)).replace(day=1)
        return month


def _consumption(row: DailyUsage) -> Consumption:
    return Consumption(row.requests, row.calls, row.unpriced, row.cost)


def _day_report(
    day: str, periods: dict[str, PeriodUsage], verdicts: Verdicts | None, availability: Availability | None
) -> DayReport:
    period = periods.get(day) or PeriodUsage(day, 0, DailyUsage(day, "", ""))
    return DayReport(day, period.users, period.usage, verdicts or Verdicts(), availability or Availability())
