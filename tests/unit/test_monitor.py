"""PerformanceMonitor without a network: operations, background work, one worker on memory://."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from backend.errors import AetherError, InvalidInput, UpstreamError
from backend.services.performance_monitor import PerformanceMonitor, monitor
from backend.services.performance_monitor.periodic import Periodic
from backend.services.performance_monitor.system import SystemSampler
from backend.services.scalable_database import ScalableDatabase
from tests.support.monitoring import Clock, alerts_of, make_monitor, memory_database, shown_by, usage_record


@pytest.fixture
async def database() -> AsyncIterator[ScalableDatabase]:
    async with memory_database() as opened:
        yield opened


async def operations(measured: PerformanceMonitor) -> list[dict[str, object]]:
    stats = (await shown_by(measured))["performance_stats"]
    return [{"name": row["name"], **row["outcomes"]} for row in stats["operations"]]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (InvalidInput("wrong"), "refused"),
        (UpstreamError("broken"), "failed"),
        (ZeroDivisionError(), "failed"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
async def test_operations_end_with_an_outcome(
    database: ScalableDatabase, error: BaseException | None, outcome: str
) -> None:
    measured = make_monitor(database, Clock())

    def operate() -> None:
        with measured.monitor_request("answer", "user_1"):
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            operate()
    else:
        operate()
    assert await operations(measured) == [{"name": "answer", outcome: 1}]


async def test_operations_under_way_are_shown(database: ScalableDatabase) -> None:
    measured = make_monitor(database, Clock())
    with measured.monitor_request("answer", "user_1"), measured.monitor_request("answer", "user_2"):
        await measured.flush()
        shown = await shown_by(measured)
    assert shown["current_status"]["operations_in_flight"] == 2
    await measured.flush()
    assert (await shown_by(measured))["current_status"]["operations_in_flight"] == 0


async def test_a_slow_operation_is_logged(database: ScalableDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SLOW_OPERATION_S", 0.0)
    measured = make_monitor(database, Clock())
    with structlog.testing.capture_logs() as logs, measured.monitor_request("answer", "user_1"):
        pass
    assert [(line["event"], line["operation"], line["user_id"]) for line in logs] == [
        ("slow_operation", "answer", "user_1")
    ]


async def test_the_dashboard_shows_system_and_cache_of_this_worker(database: ScalableDatabase) -> None:
    measured = make_monitor(database, Clock())
    await measured.flush()
    shown = await shown_by(measured)
    [worker] = shown["system"]["workers"]
    assert worker["process_memory_bytes"] > 1e6
    assert 0 < worker["memory"] <= 1
    assert [
        {
            "worker": worker["worker"],
            "layers": {"l1": {"hits": 1, "misses": 0, "evictions": 0, "items": 2, "bytes": 300}},
            "rejected": 0,
        }
    ] == shown["cache_stats"]["workers"]
    [machine] = shown["system"]["machines"].values()
    assert 0 < machine["memory"]["avg"] <= 1
    assert shown["system"]["workers"][0]["disk_free_bytes"] > 0


async def test_a_worker_that_is_silent_is_no_longer_shown(database: ScalableDatabase) -> None:
    clock = Clock()
    gone, alive = make_monitor(database, clock, "gone"), make_monitor(database, clock, "alive")
    await gone.flush()
    clock.pass_s(40)
    await alive.flush()
    shown = await shown_by(alive)
    assert [row["worker"] for row in shown["system"]["workers"]] == [alive.instance]


async def test_an_empty_monitor_has_a_dashboard(database: ScalableDatabase) -> None:
    shown = await shown_by(make_monitor(database, Clock()), "30d")
    assert shown["performance_stats"]["count"] == 0
    assert shown["performance_stats"]["p95"] is None
    assert shown["performance_stats"]["error_rate"] is None
    assert shown["ai_stats"]["cost"] == "0"
    assert shown["recommendations"] == []
    assert shown["current_status"]["status"] == "ok"


async def test_a_record_is_memory_work_on_the_callers_side(database: ScalableDatabase) -> None:
    """No task is made, nothing is awaited, nothing is counted before the background does."""
    measured = make_monitor(database, Clock())
    before = asyncio.all_tasks()
    measured.record_request("/x", "GET", 200, 0.1)
    measured.record_cache(None)
    assert asyncio.all_tasks() == before
    assert not measured._recorder._delta


async def test_the_system_is_sampled_off_the_event_loop(
    database: ScalableDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    sample = SystemSampler.sample

    def noted(self: SystemSampler) -> object:
        threads.append(threading.get_ident())
        return sample(self)

    monkeypatch.setattr(SystemSampler, "sample", noted)
    await make_monitor(database, Clock()).flush()
    assert threads
    assert threading.get_ident() not in threads


async def test_start_and_close_leave_no_task_behind(database: ScalableDatabase) -> None:
    before = asyncio.all_tasks()
    measured = make_monitor(database, Clock(), webhook="http://127.0.0.1:9/")
    await measured.start()
    assert len(asyncio.all_tasks()) > len(before)
    await measured.close()
    assert asyncio.all_tasks() == before


async def test_closing_stores_what_was_recorded(database: ScalableDatabase) -> None:
    clock = Clock()
    measured = make_monitor(database, clock)
    measured.record_request("/x", "GET", 200, 0.1)
    await measured.close()
    shown = await shown_by(make_monitor(database, clock, "w2"))
    assert shown["performance_stats"]["count"] == 1


async def test_a_fault_in_the_background_is_logged_and_the_work_goes_on() -> None:
    runs = asyncio.Queue[int]()

    async def job() -> None:
        runs.put_nowait(runs.qsize())
        raise AetherError("broken")

    periodic = Periodic()
    with structlog.testing.capture_logs() as logs:
        periodic.start("job", 0.0, job)
        async with asyncio.timeout(10):
            for _ in range(3):
                await runs.get()
        await periodic.close()
    assert {(line["event"], line["job"]) for line in logs} == {("monitor_job_failed", "job")}


def test_the_disk_is_that_of_the_data_directory_even_before_it_exists(tmp_path: Path) -> None:
    sample = SystemSampler(tmp_path / "not" / "yet").sample()
    assert sample.disk_size_bytes > sample.disk_free_bytes > 0


async def test_a_cost_that_is_reached_by_one_pico_dollar_fires_on_memory(database: ScalableDatabase) -> None:
    """memory:// evaluates too."""
    measured = make_monitor(database, Clock(), cost_per_hour=1_000)
    measured.record_ai_metrics(usage_record(cost=1_000))
    await measured.evaluate()
    assert (await alerts_of(measured))["firing"] == []
    measured.record_ai_metrics(usage_record(cost=1))
    await measured.evaluate()
    assert [alert["rule"] for alert in (await alerts_of(measured))["firing"]] == ["cost_per_hour"]
