"""What all users consumed together: by user, agent and model, by day and month."""

from datetime import UTC, date, datetime, timedelta

from backend.domain.daily_usage import CostField
from backend.services.repositories.usage import AdminUsageRepository
from backend.services.repositories.usage_totals import AdminUsageTotalsRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.usage_closing import DAYS_AT_ONCE, UsageClosing
from tests.support.database.opening import started
from tests.support.database.turns import BASELINE, COST, NOW, make_call, make_outcome, make_turn


async def _consume(database: ScalableDatabase) -> AdminUsageRepository:
    """Ada: two calls today; Eve: one today by another agent and model, two 30 days ago."""
    earlier = NOW - timedelta(days=30)
    async with started(database) as log:
        for _ in range(2):
            await log.record(make_turn(), make_outcome(make_call()))
        other = make_call(agent="luna", model="another model", cost=None)
        await log.record(make_turn("user_eve", agent="luna"), make_outcome(other))
        old = make_outcome(make_call(timestamp=earlier), finished_at=earlier)
        for _ in range(2):
            await log.record(make_turn("user_eve", created_at=earlier), old)
    return AdminUsageRepository(database)


async def test_costs_are_summed_by_user_agent_and_model(database: ScalableDatabase) -> None:
    usage = await _consume(database)

    async def costs(by: CostField, since: date, limit: int = 10) -> list[tuple[str, int, int, int]]:
        found = await usage.costs(by, since, limit)
        return [(name, row.requests, row.cost, row.unpriced) for name, row in found]

    today, always = NOW.date(), date(2026, 1, 1)
    assert await costs("user", today) == [("user_ada", 2, 2 * COST, 0), ("user_eve", 1, 0, 1)]
    assert await costs("user", always, 1) == [("user_ada", 2, 2 * COST, 0)]
    assert await costs("agent", always) == [("dev", 4, 4 * COST, 0), ("luna", 1, 0, 1)]
    assert [row[0] for row in await costs("model", today)] == ["openai/gpt-oss-20b", "another model"]
    whole = await usage.total(always)
    assert (whole.requests, whole.cost, whole.baseline, whole.unpriced) == (5, 4 * COST, 5 * BASELINE, 1)
    assert (await usage.total(today + timedelta(days=1))).requests == 0


async def test_people_are_counted_once_a_day_and_once_a_month(database: ScalableDatabase) -> None:
    usage = await _consume(database)
    days = await usage.by_day(date(2026, 10, 1))
    assert [(row.period, row.users, row.usage.requests) for row in days] == [("2026-10-23", 1, 2), ("2026-11-22", 2, 3)]
    months = await usage.by_month(date(2026, 10, 1))
    assert [(row.period, row.users, row.usage.cost) for row in months] == [
        ("2026-10", 1, 2 * COST),
        ("2026-11", 2, 2 * COST),
    ]
    assert await usage.by_month(date(2026, 12, 1)) == []


async def _all_reports(usage: AdminUsageRepository) -> list[object]:
    since = date(2026, 10, 1)
    by: list[CostField] = ["user", "agent", "model"]
    costs = [await usage.costs(one, since, 10) for one in by]
    return [
        *costs,
        await usage.cost_of_days(since),
        await usage.totals(since),
        await usage.by_day(since),
        await usage.by_month(since),
    ]


async def test_a_day_that_is_closed_changes_no_report(database: ScalableDatabase) -> None:
    usage, totals = await _consume(database), AdminUsageTotalsRepository(database)
    open_days = await _all_reports(usage)
    closing = UsageClosing(totals)
    assert await totals.missing(date(2026, 10, 22)) == []
    closed = [await closing.run(NOW + timedelta(days=1)) for _ in range(5)]
    assert closed == [DAYS_AT_ONCE, DAYS_AT_ONCE, DAYS_AT_ONCE, 1, 0]
    found = {day.day: day for day in await totals.closed(date(2026, 1, 1))}
    assert (min(found), max(found)) == ("2026-10-23", "2026-11-22")
    assert (found["2026-11-22"].users, found["2026-10-31"].month_users) == (2, 1)
    assert await _all_reports(usage) == open_days
    await database.collection("usage_totals").delete_one({"_id": "2026-11-01"})
    assert await _all_reports(usage) == open_days


async def test_closed_days_are_read_instead_of_their_counters(database: ScalableDatabase) -> None:
    usage, totals = await _consume(database), AdminUsageTotalsRepository(database)
    before = await usage.by_day(date(2026, 10, 1))
    await totals.close(date(2026, 10, 23))
    await database.collection("usage_daily").delete_many({"day": "2026-10-23"})
    assert await usage.by_day(date(2026, 10, 1)) == before


async def test_a_day_ends_an_hour_after_midnight(database: ScalableDatabase) -> None:
    usage = await _consume(database)
    closing, midnight = UsageClosing(AdminUsageTotalsRepository(database)), datetime(2026, 10, 24, tzinfo=UTC)
    assert await closing.run(midnight + timedelta(minutes=59)) == 0
    assert await closing.run(midnight + timedelta(minutes=60)) == 1
    assert (await usage.by_day(date(2026, 10, 1)))[0].usage.requests == 2


async def test_what_a_sweep_counts_on_a_closed_day_is_in_the_reports(database: ScalableDatabase) -> None:
    usage, totals = await _consume(database), AdminUsageTotalsRepository(database)
    earlier = NOW - timedelta(days=30)
    async with started(database) as log:
        await log.open(make_turn("user_bob", created_at=earlier, expires_at=earlier + timedelta(minutes=1)))
        while await UsageClosing(totals).run(NOW):
            pass
        assert [day.usage.unpriced for day in await usage.by_day(date(2026, 10, 1))] == [0, 1]
        assert await log.sweep(NOW) == 1
    for _ in range(2):
        october = (await usage.by_month(date(2026, 10, 1)))[0]
        assert (october.users, october.usage.requests, october.usage.unpriced) == (2, 3, 1)
        assert (await usage.by_day(date(2026, 10, 1)))[0].users == 2
        while await UsageClosing(totals).run(NOW):
            pass
