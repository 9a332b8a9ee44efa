"""Recording: nothing is lost, labels stay bounded, whichever thread it comes from."""

import threading

import pytest

from backend.domain.usage import TokenUsage
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.recorder import LABEL_VALUES_MAX, MISS, OTHER, Recorder
from backend.services.scalable_database import CommandEvent
from tests.support.monitoring import SMALL, usage_record


def recorder() -> Recorder:
    return Recorder({SMALL})


def test_requests_are_counted_by_route_method_and_status() -> None:
    recording = recorder()
    for status, seconds in ((200, 0.1), (200, 0.3), (503, 0.2)):
        recording.request("/api/x", "GET", status, seconds)
    recording.request("/api/x", "POST", 200, 1.0)
    figures = recording.take()
    series = figures.series["request", "/api/x", "GET"]
    assert series.counts == {"200": 2, "503": 1}
    assert series.sketch("seconds").total == pytest.approx(0.6)
    assert figures.merged("request").total() == 4


def test_what_was_taken_is_not_taken_again() -> None:
    recording = recorder()
    recording.cache_lookup("l1")
    assert recording.take().merged("cache").counts == {"l1": 1}
    assert not recording.take()


def test_what_reused_answers_saved_is_kept_by_layer_and_an_unknown_price_is_not_nothing() -> None:
    recording = recorder()
    for layer, saved in (("l1", 7), ("l1", 5), ("l3", None), (MISS, None)):
        recording.cache_lookup(layer, saved)
    figures = recording.take()
    assert figures.merged("cache").counts == {"l1": 2, "l3": 1, MISS: 1}
    assert {layer: row.counts for (layer,), row in figures.kind("cache_savings")} == {
        "l1": {"saved": 12},
        "l3": {"unpriced": 1},
    }


def test_folding_is_bounded_and_says_whether_more_waits() -> None:
    recording = recorder()
    for _ in range(5):
        recording.cache_lookup(MISS)
    assert recording.fold(3) is True
    assert recording.fold(3) is False
    assert recording.take().merged("cache").counts == {MISS: 5}


def test_an_ai_call_is_counted_to_the_last_pico_dollar() -> None:
    recording = recorder()
    recording.ai_call(usage_record(cost=7, baseline=9, attempts=3, fallback_from=("a",)))
    recording.ai_call(usage_record(cost=2**53 + 1, baseline=2**53 + 4, outcome="failed", ttft_s=None))
    last = usage_record(cost=None, baseline=5, usage=TokenUsage(1, 0, 0, 0), estimated=True, purpose="escalation")
    recording.ai_call(last)
    series = recording.take().series["ai", SMALL, "dev"]
    assert series.counts == {
        "calls": 3,
        "ok": 2,
        "failed": 1,
        "estimated": 1,
        "retries": 2,
        "fallbacks": 1,
        "escalations": 1,
        "prompt": 201,
        "cached_prompt": 80,
        "completion": 100,
        "reasoning": 40,
        "cost": 2**53 + 8,
        "baseline": 2**53 + 18,
        "saved": 5,
        "unpriced": 1,
    }


def test_only_answered_calls_count_for_latency() -> None:
    """A call that failed at once would make a model look quick, one that was cancelled too."""
    recording = recorder()
    recording.ai_call(usage_record(latency_s=2.0))
    recording.ai_call(usage_record(latency_s=0.001, outcome="failed", ttft_s=None))
    recording.ai_call(usage_record(latency_s=0.5, outcome="cancelled", ttft_s=0.1))
    series = recording.take().series["ai", SMALL, "dev"]
    assert series.sketch("seconds").size == 1
    assert series.sketch("ttft").size == 2


def test_models_outside_the_catalogue_share_a_label() -> None:
    recording = recorder()
    recording.ai_call(usage_record(model="made/up"))
    recording.ai_call(usage_record(model="made/up-too"))
    assert list(recording.take().series) == [("ai", OTHER, "dev")]


def test_labels_stay_bounded() -> None:
    recording = recorder()
    for number in range(LABEL_VALUES_MAX + 50):
        recording.request(f"/made/up/{number}", "GET", 404, 0.001)
    figures = recording.take()
    assert len(figures.series) == LABEL_VALUES_MAX + 1
    assert figures.series["request", OTHER, "GET"].counts == {"404": 50}


def test_a_status_that_is_none_gets_no_label_of_its_own() -> None:
    recording = recorder()
    recording.request("/x", "GET", 99, 0.1)
    recording.request("/x", "GET", 1234, 0.1)
    assert recording.take().merged("request").counts == {OTHER: 2}


def test_nothing_is_lost_when_threads_record_while_others_fold() -> None:
    recording, total = recorder(), Figures()
    threads_count, events = 4, 5000
    recorded = threading.Event()

    def record(name: str) -> None:
        for _ in range(events):
            recording.database_command(CommandEvent("find", name, 0.001, ok=True))
            recording.request("/x", "GET", 200, 0.002)

    def fold() -> None:
        while not recorded.is_set():
            recording.fold(100)
            total.merge(recording.take())

    writers = [threading.Thread(target=record, args=(f"c{index % 2}",)) for index in range(threads_count)]
    reader = threading.Thread(target=fold)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join(30)
    recorded.set()
    reader.join(30)
    total.merge(recording.take())
    assert total.merged("request").counts == {"200": threads_count * events}
    for name in ("c0", "c1"):
        series = total.series["database", "find", name]
        assert series.counts == {"ok": threads_count * events // 2}
        assert series.sketch("seconds").size == threads_count * events // 2
