"""The monitor on a real MongoDB, with both drivers: all workers' figures, alerts, outages."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
import structlog
from aiohttp import web

from backend.domain.alerts import ALERTS
from backend.domain.updates import AlertUpdate, Update
from backend.domain.usage import PICO_PER_USD
from backend.services.performance_monitor import PerformanceMonitor, alerting
from backend.services.scalable_database import CommandEvent, ScalableDatabase
from tests.support.monitoring import LARGE, RULES, SMALL, Clock, alerts_of, make_monitor, shown_by, usage_record

CHAT = "/api/ai/v4/chat/optimized"
QUICK_ERRORS = replace(RULES["error_rate"], minimum_samples=5, clear_after_s=60)


@pytest.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongo_url: str, database_name: str
) -> AsyncIterator[ScalableDatabase]:
    driver: Literal["motor", "pymongo"] = request.param
    database = ScalableDatabase(mongo_url, database_name, driver=driver, pool_min=0, timeout_s=5.0)
    await database.start(create_indexes=False)
    await database.ensure_indexes()
    yield database
    await database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def requests(monitor: PerformanceMonitor, count: int, status: int = 200, seconds: float = 0.1) -> None:
    for _ in range(count):
        monitor.record_request("/api/conversations", "GET", status, seconds)


async def count_of(monitor: PerformanceMonitor, window: Literal["1h", "24h", "30d"] = "1h") -> int:
    shown = await shown_by(monitor, window)
    count: int = shown["performance_stats"]["count"]
    return count


async def test_every_worker_shows_all_workers_figures(database: ScalableDatabase, clock: Clock) -> None:
    one, two = (make_monitor(database, clock, worker) for worker in ("w1", "w2"))
    for _ in range(19):
        one.record_request(CHAT, "POST", 200, 1.0)
    two.record_request(CHAT, "POST", 502, 9.0)
    one.record_ai_metrics(usage_record(cost=PICO_PER_USD, baseline=3 * PICO_PER_USD))
    two.record_ai_metrics(usage_record(model=LARGE, cost=1, baseline=1))
    two.record_cache("l3", saved=10**9 + 1)
    two.record_cache("l3")
    await one.flush()
    await two.flush()
    shown = await shown_by(one, "1h")
    assert shown == await shown_by(two, "1h")
    assert shown["scope"] == "all_workers"
    stats = shown["performance_stats"]
    assert (stats["count"], stats["errors"], stats["max"]) == (20, 1, 9.0)
    assert stats["p50"] == pytest.approx(1.0, rel=0.01)
    assert stats["p95"] == pytest.approx(1.0, rel=0.01)
    assert stats["p99"] == 9.0
    assert stats["by_route"][0]["statuses"] == {"200": 19, "502": 1}
    ai = shown["ai_stats"]
    assert (ai["cost"], ai["baseline_cost"], ai["saved"]) == ("1.000000000001", "3.000000000001", "2")
    assert [row["model"] for row in ai["by_model"]] == [LARGE, SMALL]
    cache = shown["cache_stats"]
    assert cache["by_layer"] == {"l3": 2}
    assert (cache["saved"], cache["saved_by_layer"], cache["unpriced"]) == (
        "0.001000000001",
        {"l3": "0.001000000001"},
        1,
    )
    assert len(shown["system"]["workers"]) == shown["current_status"]["workers"] == 2


async def test_the_dashboard_has_the_contracts_fields_and_is_json(database: ScalableDatabase, clock: Clock) -> None:
    monitor = make_monitor(database, clock)
    monitor.record_database(CommandEvent("find", "messages", 0.2, ok=True))
    await monitor.flush()
    shown = await shown_by(monitor)
    assert {
        "current_status",
        "performance_stats",
        "ai_stats",
        "cache_stats",
        "database_stats",
        "system",
        "recent_metrics",
        "recent_alerts",
        "recommendations",
    } <= set(shown)
    assert {"avg", "p50", "p95", "p99"} <= set(shown["performance_stats"])
    assert shown["database_stats"]["slowest"][0]["collection"] == "messages"
    assert json.loads(json.dumps(shown)) == shown


async def test_a_restart_loses_nothing_and_counts_nothing_twice(database: ScalableDatabase, clock: Clock) -> None:
    first = make_monitor(database, clock)
    await first.start()
    requests(first, 7)
    await first.flush()
    requests(first, 3)
    await first.close()
    second = make_monitor(database, clock)
    requests(second, 5)
    for _ in range(3):
        await second.flush()
    assert await count_of(second) == 15
    assert await count_of(second, "24h") == 15
    assert await count_of(second, "30d") == 15


async def test_windows_leave_out_what_is_older(database: ScalableDatabase, clock: Clock) -> None:
    monitor = make_monitor(database, clock)
    reader = make_monitor(database, clock, "w2")
    for hours in (0, 3, 30):
        clock.pass_s(hours * 3600)
        await monitor.flush()
        requests(monitor, 1)
        await monitor.flush()
    for shown in (monitor, reader):
        assert [await count_of(shown, window) for window in ("1h", "24h", "30d")] == [1, 1, 3]


async def test_the_time_series_has_a_point_a_minute(database: ScalableDatabase, clock: Clock) -> None:
    monitor = make_monitor(database, clock)
    for count in (1, 2, 3):
        requests(monitor, count)
        await monitor.flush()
        clock.pass_s(60)
        await monitor.flush()
    points = (await shown_by(monitor))["recent_metrics"]
    assert [point["requests"] for point in points] == [1, 2, 3, 0]
    assert points[0]["at"] == "2026-11-22T12:00:00Z"


async def test_mongodb_away_shows_this_workers_figures_and_catches_up(
    mongo_url: str, database_name: str, clock: Clock
) -> None:
    away = ScalableDatabase("mongodb://127.0.0.1:9/?directConnection=true", database_name, pool_min=0, timeout_s=0.2)
    await away.start(create_indexes=False)
    monitor = make_monitor(away, clock)
    requests(monitor, 4)
    assert await monitor.flush() is False
    shown = await shown_by(monitor)
    assert shown["scope"] == "this_worker"
    assert "MongoDB" in shown["notice"]
    assert shown["performance_stats"]["count"] == 4
    assert await alerts_of(monitor) == {"firing": [], "resolved": []}
    with structlog.testing.capture_logs() as logs:
        await monitor.evaluate()
        await monitor.evaluate()
    assert [line["event"] for line in logs] == ["alert_evaluation_rests"]
    assert b"aether_monitor_database_reachable 0.0" in monitor.exposition()
    async with asyncio.timeout(10):
        await monitor.close()
    await away.close()


async def test_figures_of_an_outage_are_written_after_it(
    database: ScalableDatabase, clock: Clock, mongo_url: str
) -> None:
    monitor = make_monitor(database, clock)
    for _ in range(3):
        requests(monitor, 2)
        await database.close()
        assert await monitor.flush() is False
        clock.pass_s(60)
    await database.start(create_indexes=False)
    assert await monitor.flush() is True
    assert await count_of(make_monitor(database, clock, "w2")) == 6


class Hook:
    """A webhook receiver on loopback."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        self.events.put_nowait(await request.json())
        return web.Response()

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.events.get(), 10)


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    receiver, application = Hook(), web.Application()
    application.router.add_post("/", receiver.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_an_alert_fires_is_shown_posted_and_resolved(
    database: ScalableDatabase, clock: Clock, hook: tuple[Hook, str]
) -> None:
    receiver, url = hook
    told: list[Update] = []
    monitor = make_monitor(database, clock, webhook=url, rules=(QUICK_ERRORS,), on_alert=told.append)
    other = make_monitor(database, clock, "w2", rules=(QUICK_ERRORS,))
    await monitor._webhook.start()
    requests(other, 8, 200)
    requests(other, 2, 503)
    await other.flush()
    with structlog.testing.capture_logs() as logs:
        await monitor.evaluate()
        await monitor.evaluate()
    assert [line["rule"] for line in logs if line["event"] == "alert_firing"] == ["error_rate"]
    assert (await receiver.next())["event"] == "alert_firing"
    [firing] = (await alerts_of(other))["firing"]
    assert (firing["rule"], firing["value"], firing["threshold"], firing["window"]) == ("error_rate", 0.2, 0.05, 300)
    assert (firing["severity"], firing["resolved_at"]) == ("critical", None)
    shown = await shown_by(other)
    assert shown["current_status"]["status"] == "critical"
    assert shown["recent_alerts"] == [firing]
    assert b'aether_alerts_firing{rule="error_rate",severity="critical"} 1.0' in monitor.exposition()

    clock.pass_s(400)
    await monitor.evaluate()
    clock.pass_s(60)
    await monitor.evaluate()
    assert (await receiver.next())["event"] == "alert_resolved"
    after = await alerts_of(other)
    assert after["firing"] == []
    assert after["resolved"][0]["id"] == firing["id"]
    assert after["resolved"][0]["resolved_at"] == "2026-11-22T12:07:40Z"
    assert b'aether_alerts_firing{rule="error_rate",severity="critical"} 0.0' in monitor.exposition()
    await monitor.close()
    assert receiver.events.empty()
    details = AlertUpdate("error_rate", "critical", firing["message"])
    assert told == [Update("alert_fired", details), Update("alert_resolved", details)]


async def test_one_worker_at_a_time_evaluates_and_another_takes_over(
    database: ScalableDatabase, clock: Clock, hook: tuple[Hook, str]
) -> None:
    receiver, url = hook
    one, two = (make_monitor(database, clock, name, webhook=url, rules=(QUICK_ERRORS,)) for name in ("w1", "w2"))
    await one._webhook.start()
    await two._webhook.start()
    requests(one, 10, 500)
    await one.flush()
    await asyncio.gather(*(monitor.evaluate() for monitor in (one, two, one, two)))
    await one.close()
    await two.evaluate()
    assert len((await alerts_of(two))["firing"]) == 1
    clock.pass_s(400)
    await two.evaluate()
    clock.pass_s(60)
    await two.evaluate()
    await two.close()
    events = [(await receiver.next())["event"] for _ in range(2)]
    assert events == ["alert_firing", "alert_resolved"]
    assert receiver.events.empty()


async def test_a_leader_that_dies_is_followed_when_its_lease_ends(database: ScalableDatabase, clock: Clock) -> None:
    dead, heir = (make_monitor(database, clock, name, rules=(QUICK_ERRORS,)) for name in ("dead", "heir"))
    await dead.evaluate()
    requests(heir, 10, 500)
    await heir.flush()
    await heir.evaluate()
    assert (await alerts_of(heir))["firing"] == []
    await database.collection("leases").update_one({"_id": alerting.LEASE}, {"$set": {"expires_at": database.now()}})
    await heir.evaluate()
    assert [alert["rule"] for alert in (await alerts_of(heir))["firing"]] == ["error_rate"]


async def test_cost_per_hour_is_summed_over_workers_and_configurable(database: ScalableDatabase, clock: Clock) -> None:
    limit = 5 * 10**9
    one, two = (make_monitor(database, clock, name, cost_per_hour=limit) for name in ("w1", "w2"))
    for monitor in (one, two):
        monitor.record_ai_metrics(usage_record(cost=limit // 2))
        await monitor.flush()
    await one.evaluate()
    assert (await alerts_of(one))["firing"] == []
    two.record_ai_metrics(usage_record(cost=1))
    await two.flush()
    await one.evaluate()
    [alert] = (await alerts_of(one))["firing"]
    assert (alert["rule"], alert["value"], alert["threshold"]) == ("cost_per_hour", "0.005000000001", "0.005")


async def test_a_new_alert_is_one_row(database: ScalableDatabase, clock: Clock) -> None:
    row = replace(RULES["ai_latency"], id="very_slow_models", threshold=60.0, minimum_samples=1, fire_after_s=0)
    monitor = make_monitor(database, clock, rules=(*ALERTS, row))
    monitor.record_ai_metrics(usage_record(latency_s=61.0))
    await monitor.flush()
    await monitor.evaluate()
    [alert] = (await alerts_of(monitor))["firing"]
    assert alert["rule"] == "very_slow_models"
    assert b'aether_alerts_firing{rule="very_slow_models",severity="warning"} 1.0' in monitor.exposition()


async def test_the_background_stores_without_being_asked(database: ScalableDatabase, clock: Clock) -> None:
    monitor, reader = make_monitor(database, clock), make_monitor(database, clock, "w2")
    requests(monitor, 3)
    await monitor.start()
    try:
        await until(lambda: has_count(reader, 3))
    finally:
        await monitor.close()


async def has_count(monitor: PerformanceMonitor, count: int) -> bool:
    return await count_of(monitor) == count


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - another worker's writes are seen by reading
            await asyncio.sleep(0.02)
