"""When alerts fire and when they are over, by an injected time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.alerts import ALERTS, Alert, AlertRule, waits_for_a_model, with_thresholds
from backend.domain.usage import PICO_PER_USD
from backend.services.performance_monitor.evaluation import Figure, RuleState, Transition, evaluate

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RULE = AlertRule(
    "slow",
    metric="api_latency",
    unit="seconds",
    threshold=0.5,
    direction="above",
    window_s=300,
    minimum_samples=20,
    severity="warning",
    fire_after_s=30,
    clear_after_s=60,
    clear_percent=80,
    message="{value} of {samples} over the last {window}, limit {threshold}: {subject}",
)


class Evaluator:
    """Feeds figures second by second and keeps the states, as the service does."""

    def __init__(self, *rules: AlertRule) -> None:
        self.rules = rules
        self.states: dict[str, RuleState] = {}

    def at(self, second: float, value: float | None, samples: int = 100) -> list[Transition]:
        figures = {rule.id: Figure(value, samples, "chat/x") for rule in self.rules}
        now = START + timedelta(seconds=second)
        self.states, transitions = evaluate(self.rules, self.states, figures, now)
        return transitions

    def alert(self) -> Alert | None:
        return self.states[self.rules[0].id].alert


def fired(rule: AlertRule = RULE) -> Evaluator:
    evaluator = Evaluator(rule)
    evaluator.at(0, 0.9)
    assert [t.kind for t in evaluator.at(rule.fire_after_s, 0.9)] == ["firing"]
    return evaluator


def test_fires_only_after_the_condition_has_held() -> None:
    evaluator = Evaluator(RULE)
    assert evaluator.at(0, 0.6) == []
    assert evaluator.at(29, 0.6) == []
    [transition] = evaluator.at(30, 0.62)
    assert transition.kind == "firing"
    assert transition.alert.value == 0.62
    assert transition.alert.fired_at == START + timedelta(seconds=30)
    assert transition.alert.message == "0.62 s of 100 over the last 5 minutes, limit 0.5 s: chat/x"


def test_a_moment_of_quiet_starts_the_waiting_again() -> None:
    evaluator = Evaluator(RULE)
    evaluator.at(0, 0.6)
    evaluator.at(20, 0.4)
    assert evaluator.at(30, 0.6) == []
    assert evaluator.at(59, 0.6) == []
    assert len(evaluator.at(60, 0.6)) == 1


def test_the_threshold_itself_is_allowed() -> None:
    evaluator = Evaluator(replace(RULE, fire_after_s=0))
    assert evaluator.at(0, 0.5) == []
    assert len(evaluator.at(1, 0.5000001)) == 1


def test_too_few_samples_never_fire() -> None:
    evaluator = Evaluator(replace(RULE, fire_after_s=0))
    assert evaluator.at(0, 9.0, samples=19) == []
    assert len(evaluator.at(1, 9.0, samples=20)) == 1


def test_an_alert_fires_once() -> None:
    evaluator = fired()
    assert [evaluator.at(second, 2.0) for second in range(40, 400, 10)] == [[]] * 36


def test_between_clear_threshold_and_threshold_it_goes_on_firing() -> None:
    evaluator = fired()
    assert evaluator.at(100, 0.45) == []
    assert evaluator.at(10_000, 0.45) == []
    assert evaluator.alert() is not None


def test_is_resolved_after_staying_clear() -> None:
    evaluator = fired()
    assert evaluator.at(100, 0.39) == []
    assert evaluator.at(159, 0.39) == []
    [transition] = evaluator.at(160, 0.3)
    assert transition.kind == "resolved"
    assert transition.alert.resolved_at == START + timedelta(seconds=160)
    assert transition.alert.resolved_value == 0.3
    assert transition.alert.value == 0.9
    assert evaluator.alert() is None


def test_a_relapse_starts_the_clearing_again() -> None:
    evaluator = fired()
    evaluator.at(100, 0.3)
    evaluator.at(130, 0.7)
    assert evaluator.at(165, 0.3) == []
    assert evaluator.at(224, 0.3) == []
    assert len(evaluator.at(225, 0.3)) == 1


def test_an_alert_does_not_outlive_its_traffic() -> None:
    evaluator = fired()
    assert evaluator.at(100, None, samples=0) == []
    [transition] = evaluator.at(160, 9.0, samples=3)
    assert transition.alert.resolved_value is None


def test_fires_again_after_it_was_resolved() -> None:
    evaluator = fired()
    first = evaluator.alert()
    evaluator.at(100, 0.1)
    evaluator.at(200, 0.1)
    evaluator.at(210, 0.9)
    [transition] = evaluator.at(240, 0.9)
    assert first
    assert transition.alert.id != first.id


def test_below_is_the_mirror_image() -> None:
    rule = replace(
        RULE, unit="ratio", threshold=0.2, direction="below", clear_percent=110, fire_after_s=0, clear_after_s=0
    )
    evaluator = Evaluator(rule)
    assert evaluator.at(0, 0.2) == []
    assert len(evaluator.at(1, 0.19)) == 1
    assert evaluator.at(2, 0.21) == []
    [transition] = evaluator.at(3, 0.23)
    assert transition.kind == "resolved"


def test_a_rule_without_threshold_is_off_and_ends_what_fired() -> None:
    off = replace(RULE, threshold=None)
    assert Evaluator(off).at(0, 99.0) == []
    evaluator = fired()
    evaluator.rules = (off,)
    assert [t.kind for t in evaluator.at(31, 99.0)] == ["resolved"]
    assert evaluator.at(32, 99.0) == []


def test_an_alert_whose_rule_is_gone_is_resolved() -> None:
    evaluator = fired()
    evaluator.rules = ()
    assert [t.kind for t in evaluator.at(31, 99.0)] == ["resolved"]
    assert evaluator.states == {}


def test_rules_do_not_touch_each_other() -> None:
    other = replace(RULE, id="other", threshold=5.0)
    evaluator = Evaluator(RULE, other)
    evaluator.at(0, 0.9)
    assert [t.alert.rule for t in evaluator.at(30, 0.9)] == ["slow"]


def test_evaluation_changes_nothing_that_it_was_given() -> None:
    states = {"slow": RuleState(None, START)}
    figures = {"slow": Figure(0.9, 100)}
    first = evaluate([RULE], states, figures, START + timedelta(seconds=30))
    assert states == {"slow": RuleState(None, START)}
    second = evaluate([RULE], states, figures, START + timedelta(seconds=30))
    assert [replace(t.alert, id="") for t in first[1]] == [replace(t.alert, id="") for t in second[1]]


def test_money_stays_an_integer() -> None:
    rule = next(rule for rule in ALERTS if rule.id == "cost_per_hour")
    limit = 10 * PICO_PER_USD + 1
    [configured] = with_thresholds((rule,), {"cost_per_hour": limit})
    assert isinstance(configured.clear_threshold, int)
    _, [transition] = evaluate([configured], {}, {rule.id: Figure(limit + 1, 3, "m")}, START)
    assert transition.alert.value == limit + 1
    assert "10.000000000002 USD" in transition.alert.message


def test_the_rows_are_those_that_were_asked_for() -> None:
    thresholds = {rule.id: rule.threshold for rule in ALERTS}
    assert thresholds == {
        "api_latency": 0.5,
        "ai_latency": 5.0,
        "database_latency": 0.3,
        "memory": 0.85,
        "cpu": 0.8,
        "error_rate": 0.05,
        "cost_per_hour": 10 * PICO_PER_USD,
        "reconciliation": 0.0001,
        "cache_hit_rate": None,
        "routing_drift": 0.25,
        "routing_share": 0.05,
        "similar_answers": 0.02,
    }


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.id)
def test_every_row_can_fire_and_clear(rule: AlertRule) -> None:
    """Its message has only known fields, and hysteresis is on the quiet side of the threshold."""
    if rule.threshold is None:
        [rule] = with_thresholds((rule,), {rule.id: 0.5})
    threshold, clear = rule.threshold, rule.clear_threshold
    assert threshold is not None
    assert clear is not None
    above = rule.direction == "above"
    assert clear < threshold if above else clear > threshold
    evaluator = Evaluator(rule)
    evaluator.at(0, threshold * 2 if above else threshold / 2)
    evaluator.at(rule.fire_after_s, threshold * 2 if above else threshold / 2)
    assert evaluator.alert() is not None
    evaluator.at(1000, 0 if above else 1)
    evaluator.at(1000 + rule.clear_after_s, 0 if above else 1)
    assert evaluator.alert() is None


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("/api/ai/v4/chat/optimized", True),
        ("/api/ai/v4/chat/stream/{stream_id}", True),
        ("/api/ai/v4/chat/estimate", False),
        ("/api/conversations", False),
        ("/api/ai/v4/agents/available", False),
    ],
)
def test_chat_routes_wait_for_a_model(route: str, expected: bool) -> None:
    assert waits_for_a_model(route) is expected
