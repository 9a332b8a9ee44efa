"""What daily figures say: availability by day over all workers, latencies of agents and models."""

from collections.abc import AsyncIterator

import pytest

from backend.domain.availability import Availability
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.scalable_database import ScalableDatabase
from tests.support.monitoring import LARGE, SMALL, Clock, make_monitor, memory_database, usage_record

DAY_S = 86400.0


@pytest.fixture
async def database() -> AsyncIterator[ScalableDatabase]:
    async with memory_database() as opened:
        yield opened


def answer(monitor: PerformanceMonitor, *statuses: int, route: str = "/api/ai/v4/chat/quick") -> None:
    for status in statuses:
        monitor.record_request(route, "POST", status, 0.1)


async def test_availability_is_that_of_all_workers_by_day(database: ScalableDatabase) -> None:
    clock = Clock()
    one, other = make_monitor(database, clock, "w1"), make_monitor(database, clock, "w2")
    answer(one, 200, 503)
    await one.flush()
    clock.pass_s(DAY_S)
    for monitor in (one, other):
        await monitor.flush()  # which happens all the time: what comes now is today's
    answer(one, 200, 404)
    answer(other, 500, 200)
    answer(other, 503, 503, route="/api/health/ready")
    await other.flush()
    found = await one.history.availability(2)
    assert found.complete
    assert found.by_day == {"2026-11-22": Availability(2, 1), "2026-11-23": Availability(4, 1)}
    assert list((await one.history.availability(1)).by_day) == ["2026-11-23"]


async def test_latencies_are_those_of_calls_by_agent_and_model(database: ScalableDatabase) -> None:
    monitor = make_monitor(database, Clock())
    for seconds in (1.0, 3.0):
        monitor.record_ai_metrics(usage_record(latency_s=seconds))
    monitor.record_ai_metrics(usage_record(agent="luna", model=LARGE, latency_s=5.0))
    found = await monitor.history.latencies(30)
    assert set(found.by_agent) == {"dev", "luna"}
    assert found.by_model[SMALL].avg == pytest.approx(2.0)
    assert found.by_model[LARGE].p95 == pytest.approx(5.0, rel=0.02)
