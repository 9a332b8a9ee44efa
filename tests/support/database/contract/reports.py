"""What all users consumed together: by user, agent and model, by day and month."""

from datetime import date, timedelta

from backend.domain.daily_usage import CostField
from backend.services.repositories.usage import AdminUsageRepository
from backend.services.scalable_database import ScalableDatabase
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
