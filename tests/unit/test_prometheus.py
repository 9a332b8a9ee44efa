"""What /metrics serves: well-formed, complete, the same over several processes, no user ids."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from backend.domain.usage import PICO_PER_USD
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.scalable_database import CommandEvent
from tests.support.monitoring import LARGE, Clock, make_monitor, memory_database, usage_record

ROOT = Path(__file__).parents[2]
CHAT = "/api/ai/v4/chat/optimized"
LABELS = {
    "route", "method", "status", "operation", "outcome", "model", "agent", "kind",
    "layer", "command", "collection", "rule", "severity", "le", "encoding",
}  # fmt: skip
SUFFIXES = (
    "_total",
    "_seconds",
    "_bytes",
    "_ratio",
    "_load1",
    "_fds",
    "_firing",
    "_workers",
    "_reachable",
    "_in_flight",
)


def families(text: bytes) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(text: bytes, sample: str, **labels: str) -> float:
    """The value of the one sample that has these labels."""
    found = [
        row.value
        for family in families(text).values()
        for row in family.samples
        if row.name == sample and labels.items() <= row.labels.items()
    ]
    assert len(found) == 1, (sample, labels, found)
    return float(found[0])


async def exercise(monitor: PerformanceMonitor) -> None:
    """A little of everything that is measured."""
    for status, seconds in ((200, 0.05), (200, 0.3), (502, 61.0)):
        monitor.record_request(CHAT, "POST", status, seconds)
    monitor.record_ai_metrics(usage_record(cost=1_500_000_000_000, attempts=2))
    monitor.record_ai_metrics(usage_record(model=LARGE, cost=None, outcome="failed", ttft_s=None))
    unknown = usage_record(model="not/in-the-catalogue", purpose="escalation")
    monitor.record_ai_metrics(unknown)
    monitor.record_discrepancy(unknown)
    monitor.record_routing(0.125, 0.25)
    monitor.record_similar(0.5)
    monitor.record_database(CommandEvent("find", "messages", 0.002, ok=True))
    monitor.record_database(CommandEvent("insert", "messages", 0.004, ok=False))
    monitor.record_cache("l1", saved=PICO_PER_USD // 4)
    monitor.record_cache(None)
    for _ in range(2):
        monitor.record_compression("gzip", 5000, 1000)
    with monitor.monitor_request("answer", "user_0123456789"):
        pass
    await monitor.flush()
    await monitor.evaluate()


async def exposed() -> bytes:
    async with memory_database() as database:
        monitor = make_monitor(database, Clock())
        await exercise(monitor)
        return monitor.exposition()


async def test_figures_are_exact() -> None:
    text = await exposed()
    assert value(text, "aether_http_requests_total", route=CHAT, method="POST", status="200") == 2
    assert value(text, "aether_http_requests_total", status="502") == 1
    of = "aether_http_request_duration_seconds"
    assert value(text, f"{of}_count", route=CHAT) == 3
    assert value(text, f"{of}_sum", route=CHAT) == pytest.approx(61.35)
    assert [value(text, f"{of}_bucket", le=le) for le in ("0.025", "0.05", "0.5", "60.0", "+Inf")] == [0, 1, 2, 2, 3]
    assert value(text, "aether_ai_cost_usd_total", model="openai/gpt-oss-20b") == 1.5
    assert value(text, "aether_ai_unpriced_calls_total", model=LARGE) == 1
    assert value(text, "aether_ai_calls_total", model=LARGE, outcome="failed") == 1
    assert value(text, "aether_ai_calls_total", model="other", outcome="ok") == 1
    assert value(text, "aether_ai_retries_total", model="openai/gpt-oss-20b") == 1
    assert value(text, "aether_ai_tokens_total", model="openai/gpt-oss-20b", kind="cached_prompt") == 40
    assert value(text, "aether_ai_differing_calls_total", model="other") == 1
    assert value(text, "aether_ai_escalations_total", model="other") == 1
    assert value(text, "aether_routing_drift_ratio") == 0.125
    assert value(text, "aether_routing_share_excess_ratio") == 0.25
    assert value(text, "aether_similar_answers_false_ratio") == 0.5
    assert value(text, "aether_cache_hits_total", layer="l1") == 1
    assert value(text, "aether_cache_misses_total") == 1
    assert value(text, "aether_cache_saved_usd_total", layer="l1") == 0.25
    assert value(text, "aether_http_compressed_responses_total", encoding="gzip") == 2
    assert value(text, "aether_http_compression_input_bytes_total", encoding="gzip") == 10_000
    assert value(text, "aether_http_compression_output_bytes_total", encoding="gzip") == 2000
    assert value(text, "aether_database_commands_total", command="insert", outcome="failed") == 1
    assert value(text, "aether_operations_total", operation="answer", outcome="ok") == 1
    assert value(text, "aether_workers") == 1
    assert value(text, "aether_monitor_database_reachable") == 1
    assert value(text, "aether_alerts_firing", rule="api_latency") == 0
    assert value(text, "aether_workers_resident_memory_bytes") > 1e6


async def test_what_was_recorded_a_moment_ago_is_in_it() -> None:
    async with memory_database() as database:
        monitor = make_monitor(database, Clock())
        monitor.record_request(CHAT, "POST", 200, 0.1)
        assert value(monitor.exposition(), "aether_http_requests_total") == 1
        assert value(monitor.exposition(), "aether_http_requests_total") == 1


async def test_it_may_be_rendered_in_a_thread_while_the_loop_records() -> None:
    async with memory_database() as database:
        monitor = make_monitor(database, Clock())
        rendering = [asyncio.create_task(asyncio.to_thread(monitor.exposition)) for _ in range(8)]
        for _ in range(4000):
            monitor.record_request(CHAT, "POST", 200, 0.1)
            if _ % 100 == 0:
                await asyncio.sleep(0)
        await asyncio.gather(*rendering)
        assert value(monitor.exposition(), "aether_http_requests_total") == 4000


async def test_several_monitors_live_in_one_process() -> None:
    async with memory_database() as database:
        one, other = (make_monitor(database, Clock(), worker) for worker in ("w1", "w2"))
        one.record_cache("l1")
        assert value(one.exposition(), "aether_cache_hits_total") == 1
        assert "aether_cache_hits_total{" not in other.exposition().decode()


async def test_names_follow_the_conventions() -> None:
    for name, family in families(await exposed()).items():
        assert re.fullmatch(r"aether_[a-z0-9_]+", name), name
        assert family.documentation.strip().endswith("."), name
        for sample in family.samples:
            base = re.sub(r"_(bucket|sum|count)$", "", sample.name) if family.type == "histogram" else sample.name
            assert base.endswith(SUFFIXES), sample.name
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name
            assert not sample.name.endswith("_created")
            assert set(sample.labels) <= LABELS, sample.labels


async def test_no_user_is_named() -> None:
    assert b"user_0123456789" not in await exposed()


def promtool_complaints(text: bytes) -> bytes:
    """What `promtool check metrics` says; nothing where it is not installed (Debian: package prometheus)."""
    if shutil.which("promtool") is None:
        return b""
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30)
    return check.stdout + check.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
async def test_promtool_finds_nothing() -> None:
    assert promtool_complaints(await exposed()) == b""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
async def test_promtool_would_find_something() -> None:
    assert promtool_complaints(b"# TYPE aether_things counter\naether_things 1\n") != b""


WORKER = """
    import asyncio, sys
    from pathlib import Path
    from tests.support.monitoring import Clock, make_monitor, memory_database
    from tests.unit.test_prometheus import exercise

    async def main(rounds: int, output: Path) -> None:
        async with memory_database() as database:
            monitor = make_monitor(database, Clock(), f"w{rounds}")
            for _ in range(rounds):
                await exercise(monitor)
            print("recorded", flush=True)
            for command in sys.stdin:
                if command == "close\\n":
                    return await monitor.close()
                output.write_bytes(monitor.exposition())
                print("written", flush=True)

    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
"""


class Worker:
    """A process with a monitor that has recorded some rounds of `exercise`."""

    def __init__(self, directory: Path, rounds: int) -> None:
        shared = directory / "prometheus"
        shared.mkdir(exist_ok=True)
        self.output = directory / f"{rounds}.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER), str(rounds), str(self.output)],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(shared), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.expect("recorded")

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)

    def expect(self, answer: str) -> None:
        assert self.process.stdout
        lines = iter(self.process.stdout.readline, "")
        assert any(line == f"{answer}\n" for line in lines), "the worker ended early"

    def text(self) -> bytes:
        assert self.process.stdin
        self.process.stdin.write("text\n")
        self.process.stdin.flush()
        self.expect("written")
        return self.output.read_bytes()

    def close(self) -> None:
        self.process.communicate("close\n", timeout=30)
        assert self.process.returncode == 0


def test_figures_of_two_processes_add_up(tmp_path: Path) -> None:
    with Worker(tmp_path, 1) as one, Worker(tmp_path, 2) as two:
        for text in (one.text(), two.text()):
            assert value(text, "aether_http_requests_total", status="200") == 3 * 2
            assert value(text, "aether_http_request_duration_seconds_bucket", route=CHAT, le="0.05") == 3
            assert value(text, "aether_http_request_duration_seconds_bucket", route=CHAT, le="+Inf") == 9
            assert value(text, "aether_http_request_duration_seconds_sum", route=CHAT) == pytest.approx(3 * 61.35)
            assert value(text, "aether_ai_cost_usd_total", model="openai/gpt-oss-20b") == 4.5
            assert value(text, "aether_workers") == 2
            assert value(text, "aether_alerts_firing", rule="cpu") == 0
            assert promtool_complaints(text) == b""


def test_a_worker_that_ends_keeps_its_counts_and_loses_its_gauges(tmp_path: Path) -> None:
    with Worker(tmp_path, 1) as one, Worker(tmp_path, 2) as two:
        two.close()
        text = one.text()
        assert value(text, "aether_http_requests_total", status="502") == 3
        assert value(text, "aether_workers") == 1


def test_a_worker_that_is_killed_keeps_its_counts(tmp_path: Path) -> None:
    with Worker(tmp_path, 1) as one, Worker(tmp_path, 2) as two:
        two.process.kill()
        two.process.wait(30)
        assert value(one.text(), "aether_http_requests_total", status="502") == 3
