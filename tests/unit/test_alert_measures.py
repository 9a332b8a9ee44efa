"""What the alerts look at, from figures of all workers."""

from typing import get_args

import pytest

from backend.domain.alerts import Metric
from backend.services.performance_monitor.evaluation import Figure
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.measures import MEASURES, NOTHING
from backend.services.performance_monitor.recorder import Recorder
from backend.services.scalable_database import CommandEvent
from tests.support.monitoring import LARGE, SMALL, usage_record

CHAT = "/api/ai/v4/chat/optimized"


@pytest.fixture
def recorder() -> Recorder:
    return Recorder({SMALL, LARGE})


def measured(metric: Metric, recorder: Recorder) -> Figure:
    return MEASURES[metric].of(recorder.take())


def test_every_metric_is_measured() -> None:
    assert set(MEASURES) == set(get_args(Metric))


@pytest.mark.parametrize("metric", get_args(Metric))
def test_nothing_measured_is_no_figure(metric: Metric) -> None:
    assert MEASURES[metric].of(Figures()) == NOTHING


@pytest.mark.parametrize("metric", get_args(Metric))
def test_a_measure_reads_only_its_kind(metric: Metric, recorder: Recorder) -> None:
    """Evaluation decodes only that kind, so anything else would be missing there."""
    recorder.request("/api/x", "GET", 500, 1.0)
    recorder.ai_call(usage_record())
    recorder.database_command(CommandEvent("find", "messages", 0.2, ok=True))
    recorder.cache_lookup("l1")
    recorder.gauges("host", {"cpu": 0.5, "memory": 0.6, "disk": 0.1})
    recorder.routing(0.3, 0.1)
    recorder.similar(0.03)
    whole, narrowed = recorder.take(), Figures()
    needed = MEASURES[metric]
    narrowed.absorb(whole.encode(), kinds=frozenset({needed.kind}), sketches=needed.sketches)
    figure = MEASURES[metric].of(narrowed)
    assert figure == MEASURES[metric].of(whole)
    assert figure.samples > 0


def test_chat_routes_are_exempt_from_api_latency(recorder: Recorder) -> None:
    for _ in range(100):
        recorder.request(CHAT, "POST", 200, 9.0)
        recorder.request("/api/conversations", "GET", 200, 0.02)
    figure = measured("api_latency", recorder)
    assert figure.value == pytest.approx(0.02, rel=0.01)
    assert figure.samples == 100


def test_the_slowest_route_is_named(recorder: Recorder) -> None:
    for _ in range(50):
        recorder.request("/api/conversations", "GET", 200, 0.02)
        recorder.request("/api/me", "GET", 200, 0.9)
    recorder.request("/api/rare", "GET", 200, 5.0)
    assert measured("api_latency", recorder).subject == "/api/me"


def test_ai_latency_is_over_all_models(recorder: Recorder) -> None:
    for _ in range(20):
        recorder.ai_call(usage_record(model=SMALL, latency_s=1.0))
        recorder.ai_call(usage_record(model=LARGE, latency_s=8.0))
    figure = measured("ai_latency", recorder)
    assert figure.value == pytest.approx(8.0, rel=0.01)
    assert (figure.samples, figure.subject) == (40, LARGE)


def test_database_latency_names_command_and_collection(recorder: Recorder) -> None:
    for _ in range(10):
        recorder.database_command(CommandEvent("find", "messages", 0.4, ok=True))
        recorder.database_command(CommandEvent("insert", "messages", 0.01, ok=True))
    assert measured("database_latency", recorder).subject == "find on messages"


def test_error_rate_counts_server_errors_only(recorder: Recorder) -> None:
    for status in (200, 404, 429, 499, 502, 200, 201, 200, 200, 503):
        recorder.request(CHAT, "POST", status, 0.1)
    figure = measured("error_rate", recorder)
    assert figure == Figure(0.2, 10, CHAT)


def test_memory_is_that_of_the_fullest_machine(recorder: Recorder) -> None:
    for _ in range(3):
        recorder.gauges("a", {"memory": 0.2, "cpu": 0.9})
        recorder.gauges("b", {"memory": 0.9, "cpu": 0.1})
    figures = recorder.take()
    memory, cpu = MEASURES["memory"].of(figures), MEASURES["cpu"].of(figures)
    assert memory.value == cpu.value == pytest.approx(0.9)
    assert (memory.samples, memory.subject, cpu.subject) == (3, "b's memory", "a's processors")


def test_cost_is_exact_and_leaves_unpriced_calls_out(recorder: Recorder) -> None:
    recorder.ai_call(usage_record(model=SMALL, cost=2**60))
    recorder.ai_call(usage_record(model=LARGE, cost=2**60 + 1))
    recorder.ai_call(usage_record(model=LARGE, cost=None))
    assert measured("cost", recorder) == Figure(2**61 + 1, 3, LARGE)


def test_calls_that_the_vendor_reports_otherwise_are_a_share_of_all(recorder: Recorder) -> None:
    for model in (SMALL, LARGE, LARGE, LARGE):
        recorder.ai_call(usage_record(model=model))
    recorder.discrepancy(LARGE, "dev")
    assert measured("reconciliation", recorder) == Figure(0.25, 4, LARGE)


def test_cache_hit_rate_is_over_all_layers(recorder: Recorder) -> None:
    for layer in ("l1", "l3", "coalesced", "miss"):
        recorder.cache_lookup(layer)
    assert measured("cache_hit_rate", recorder).value == 0.75
