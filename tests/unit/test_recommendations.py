"""Recommendations follow from figures and name them; without cause there are none."""

from collections.abc import Callable

import pytest

from backend.domain.usage import TokenUsage
from backend.services.performance_monitor.advice import Recommendation
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.recommendations import RULES, recommend
from backend.services.performance_monitor.recorder import Recorder
from backend.services.scalable_database import CommandEvent
from tests.support.monitoring import LARGE, SMALL, usage_record

CHAT = "/api/ai/v4/chat/optimized"
Scene = Callable[[Recorder], None]


def recommended(scene: Scene) -> list[Recommendation]:
    recorder = Recorder({SMALL, LARGE, "qwen/qwen3.8-27b"})
    scene(recorder)
    return recommend(recorder.take(), "hour")


def slow_chat(recorder: Recorder) -> None:
    for _ in range(40):
        recorder.request(CHAT, "POST", 200, 10.0)
        recorder.ai_call(usage_record(latency_s=8.2))


def slow_api(recorder: Recorder) -> None:
    for _ in range(40):
        recorder.request("/api/conversations", "GET", 200, 0.8)
        recorder.database_command(CommandEvent("find", "conversations", 0.07, ok=True))


def failing_route(recorder: Recorder) -> None:
    for number in range(100):
        recorder.request("/api/conversations", "GET", 503 if number < 3 else 200, 0.01)


def slow_command(recorder: Recorder) -> None:
    for _ in range(25):
        recorder.database_command(CommandEvent("aggregate", "usage_daily", 0.34, ok=True))


def unused_cache(recorder: Recorder) -> None:
    for number in range(100):
        recorder.cache_lookup("l3" if number < 2 else "miss")


def failing_model(recorder: Recorder) -> None:
    for number in range(50):
        recorder.ai_call(usage_record(outcome="failed" if number < 5 else "ok"))


def retried_model(recorder: Recorder) -> None:
    for number in range(50):
        recorder.ai_call(usage_record(attempts=2 if number < 10 else 1))


def slow_first_token(recorder: Recorder) -> None:
    for _ in range(30):
        recorder.ai_call(usage_record(ttft_s=2.5))


def dear_model(recorder: Recorder) -> None:
    for number in range(40):
        recorder.ai_call(usage_record(model=LARGE if number < 30 else SMALL, cost=10**10 if number < 30 else 10**6))


def unpriced_model(recorder: Recorder) -> None:
    recorder.ai_call(usage_record(model="qwen/qwen3.8-27b", cost=None))


def unused_prompt_cache(recorder: Recorder) -> None:
    for _ in range(10):
        recorder.ai_call(usage_record(usage=TokenUsage(prompt=20_000, cached_prompt=1_000, completion=10)))


def much_reasoning(recorder: Recorder) -> None:
    for _ in range(10):
        recorder.ai_call(usage_record(usage=TokenUsage(prompt=10, completion=4_000, reasoning=3_000)))


def full_disk(recorder: Recorder) -> None:
    recorder.gauges("db-1", {"disk": 0.95, "memory": 0.2})


@pytest.mark.parametrize(
    ("scene", "expected_id", "figures"),
    [
        (slow_chat, "slow_route", ["chat/optimized", "p95 of chat/optimized 10 s", "last hour", "40 requests", "82%"]),
        (slow_api, "slow_route", ["conversations 0.8 s", "find on conversations, p95 0.07 s"]),
        (failing_route, "failing_route", ["3% of 100", "conversations", "503"]),
        (slow_command, "slow_command", ["aggregate on usage_daily", "0.34", "25 commands"]),
        (unused_cache, "low_cache_use", ["2 of 100", "2%"]),
        (failing_model, "failing_model", ["10% of 50", SMALL]),
        (retried_model, "retried_model", ["10 further attempts for 50 calls", SMALL]),
        (slow_first_token, "slow_first_token", [SMALL, "2.5", "30 calls"]),
        (dear_model, "dear_model", [LARGE, "0.3 of 0.30001 USD", "30 of 40"]),
        (unpriced_model, "unpriced_model", ["1 calls", "qwen/qwen3.8-27b"]),
        (unused_prompt_cache, "prompt_cache", ["5% of 200000"]),
        (much_reasoning, "reasoning_share", ["75% of 40000", SMALL]),
        (full_disk, "full_disk", ["db-1", "95%"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_cause_is_named_with_its_figure(scene: Scene, expected_id: str, figures: list[str]) -> None:
    found = {recommendation.id: recommendation for recommendation in recommended(scene)}
    assert expected_id in found
    for figure in figures:
        assert figure in found[expected_id].text


def test_a_healthy_server_gets_no_advice() -> None:
    def healthy(recorder: Recorder) -> None:
        usage = TokenUsage(prompt=20_000, cached_prompt=9_000, completion=4_000, reasoning=1_000)
        for number in range(200):
            recorder.request("/api/conversations", "GET", 200, 0.02)
            recorder.request(CHAT, "POST", 200, 1.2)
            recorder.database_command(CommandEvent("find", "messages", 0.002, ok=True))
            recorder.cache_lookup("l1" if number % 4 == 0 else "miss")
            recorder.ai_call(usage_record(usage=usage, model=SMALL if number % 3 else LARGE))
        recorder.gauges("host", {"cpu": 0.3, "memory": 0.5, "disk": 0.4})

    assert recommended(healthy) == []


def test_no_figures_no_advice() -> None:
    assert recommend(Figures(), "hour") == []


def test_a_handful_of_requests_is_no_evidence() -> None:
    def few(recorder: Recorder) -> None:
        for _ in range(19):
            recorder.request("/api/conversations", "GET", 500, 9.0)

    assert recommended(few) == []


def test_warnings_come_first_and_every_rule_has_a_scene() -> None:
    def everything(recorder: Recorder) -> None:
        for scene in (unused_cache, much_reasoning, slow_chat, failing_route, full_disk):
            scene(recorder)

    severities = [recommendation.severity for recommendation in recommended(everything)]
    assert severities == sorted(severities, key=lambda severity: severity != "warning")
    assert {"warning", "info"} == set(severities)
    assert len(RULES) == 12
