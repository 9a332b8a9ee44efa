"""What workers share: idempotency keys, leases, metrics, alerts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.alerts import Alert
from backend.domain.ids import new_id
from backend.errors import IdempotencyMismatch
from backend.services.repositories.alerts import AlertRepository
from backend.services.repositories.idempotency import IdempotencyRepository, Replay, Running, Started
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.metrics import MetricsRepository
from backend.services.scalable_database import ScalableDatabase

NOW = datetime(2099, 1, 1, tzinfo=UTC)


class Clock:
    """A wall clock that a test moves. The database's `now` is replaced by it."""

    def __init__(self) -> None:
        self.instant = NOW

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock(database: ScalableDatabase) -> Clock:
    clock = Clock()
    replaced: Callable[[], datetime] = clock
    database.now = replaced
    return clock


async def test_idempotency_key_replays_its_answer(database: ScalableDatabase, clock: Clock) -> None:
    keys = IdempotencyRepository(database)
    lease = clock.instant + timedelta(seconds=60)
    assert await keys.begin("user_ada", "k", "body", "req_1", lease) == Started()
    assert await keys.begin("user_ada", "k", "body", "req_2", lease) == Running("req_1", lease)
    assert await keys.finish("user_ada", "k", "req_1", {"content": "hello"}, 200)
    assert await keys.begin("user_ada", "k", "body", "req_3", lease) == Replay({"content": "hello"}, 200)


async def test_idempotency_key_is_for_one_body_and_one_user(database: ScalableDatabase, clock: Clock) -> None:
    keys = IdempotencyRepository(database)
    lease = clock.instant + timedelta(seconds=60)
    await keys.begin("user_ada", "k", "body", "req_1", lease)
    with pytest.raises(IdempotencyMismatch):
        await keys.begin("user_ada", "k", "other body", "req_2", lease)
    assert await keys.begin("user_eve", "k", "other body", "req_3", lease) == Started()


async def test_released_idempotency_key_starts_again(database: ScalableDatabase, clock: Clock) -> None:
    keys = IdempotencyRepository(database)
    lease = clock.instant + timedelta(seconds=60)
    await keys.begin("user_ada", "k", "body", "req_1", lease)
    await keys.release("user_ada", "k", "req_other")
    assert isinstance(await keys.begin("user_ada", "k", "body", "req_2", lease), Running)
    await keys.release("user_ada", "k", "req_1")
    assert await keys.begin("user_ada", "k", "body", "req_2", lease) == Started()


async def test_lease_of_a_dead_request_is_taken_over(database: ScalableDatabase, clock: Clock) -> None:
    keys = IdempotencyRepository(database)
    await keys.begin("user_ada", "k", "body", "req_1", clock.instant + timedelta(seconds=60))
    clock.advance(61)
    lease = clock.instant + timedelta(seconds=60)
    assert await keys.begin("user_ada", "k", "body", "req_2", lease) == Started()
    assert not await keys.finish("user_ada", "k", "req_1", {"content": "late"})
    assert await keys.finish("user_ada", "k", "req_2", {"content": "second"})


async def test_lease_has_one_holder_until_it_expires(database: ScalableDatabase, clock: Clock) -> None:
    leases = LeaseRepository(database)
    assert await leases.acquire("sweep", "one", 10)
    assert not await leases.acquire("sweep", "two", 10)
    assert await leases.acquire("other", "two", 10)
    clock.advance(6)
    assert await leases.acquire("sweep", "one", 10)
    clock.advance(6)
    assert not await leases.acquire("sweep", "two", 10)
    clock.advance(5)
    assert await leases.acquire("sweep", "two", 10)
    await leases.release("sweep", "one")
    assert not await leases.acquire("sweep", "one", 10)
    await leases.release("sweep", "two")
    assert await leases.acquire("sweep", "one", 10)


async def test_metrics_of_all_workers_are_read_together(database: ScalableDatabase) -> None:
    metrics = MetricsRepository(database)

    def rollup(worker: str, minute: int, count: int, level: str = "minute") -> dict[str, object]:
        bucket = NOW + timedelta(minutes=minute)
        return {
            "_id": f"{worker}:{level}:{minute}",
            "worker": worker,
            "level": level,
            "bucket": bucket,
            "expires_at": bucket + timedelta(hours=1),
            "count": count,
        }

    await metrics.upsert([rollup("a", 0, 1), rollup("a", 1, 2), rollup("a", 1, 9, "hour")])
    await metrics.upsert([rollup("b", 1, 3), rollup("a", 1, 4)])
    found = await metrics.window("minute", NOW + timedelta(minutes=1))
    assert [(row["worker"], row["count"]) for row in found] == [("a", 4), ("b", 3)]


async def test_rule_fires_once_until_it_is_resolved(database: ScalableDatabase) -> None:
    alerts = AlertRepository(database)
    alert = Alert(new_id("alert"), "cost", "critical", "usd", 11 * 10**12, 10**13, 3600, "Spend is high.", NOW)
    assert await alerts.fire(alert)
    assert not await alerts.fire(replace(alert, id=new_id("alert")))
    assert await alerts.firing() == [alert]
    assert await alerts.resolved() == []
    resolved = replace(alert, resolved_at=NOW + timedelta(minutes=5), resolved_value=10**12)
    assert await alerts.resolve(resolved)
    assert not await alerts.resolve(resolved)
    assert await alerts.firing() == []
    assert await alerts.resolved() == [resolved]
    assert await alerts.fire(replace(alert, id=new_id("alert"), fired_at=NOW + timedelta(minutes=9)))
