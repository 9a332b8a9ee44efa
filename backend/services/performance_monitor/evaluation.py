"""Which alerts fire and which are over: a pure function of the rules, their states, the figures and the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from backend.domain.alerts import Alert, AlertRule, Amount, format_amount, format_duration
from backend.domain.ids import new_id


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric over a window: its value (None: nothing to measure), its samples, and what it is mostly about."""

    value: Amount | None
    samples: int
    subject: str = "unknown"


@dataclass(frozen=True, slots=True)
class RuleState:
    """alert: the one that fires now. since: from when on the metric has spoken for a change without a break."""

    alert: Alert | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    kind: Literal["firing", "resolved"]
    alert: Alert


QUIET = RuleState()


def _beyond(rule: AlertRule, value: Amount, limit: Amount) -> bool:
    return value > limit if rule.direction == "above" else value < limit


def _fire(rule: AlertRule, threshold: Amount, value: Amount, figure: Figure, now: datetime) -> Alert:
    message = rule.message.format(
        value=format_amount(value, rule.unit),
        threshold=format_amount(threshold, rule.unit),
        window=format_duration(rule.window_s),
        samples=figure.samples,
        subject=figure.subject,
    )
    return Alert(
        new_id("alert"), rule.id, rule.severity, rule.unit, value, threshold, rule.window_s, message, fired_at=now
    )


def _resolve(alert: Alert, value: Amount | None, now: datetime) -> Transition:
    return Transition("resolved", replace(alert, resolved_at=now, resolved_value=value))


def _step(
    rule: AlertRule, state: RuleState, figure: Figure | None, now: datetime
) -> tuple[RuleState, Transition | None]:
    """The next state of one rule. Too few samples speak for quiet: an alert does not outlive its traffic."""
    value = figure.value if figure and figure.samples >= rule.minimum_samples else None
    if rule.threshold is None or rule.clear_threshold is None:
        return QUIET, _resolve(state.alert, value, now) if state.alert else None
    if state.alert:
        if value is not None and _beyond(rule, value, rule.clear_threshold):
            return RuleState(state.alert), None
        since = state.since or now
        if now - since < timedelta(seconds=rule.clear_after_s):
            return RuleState(state.alert, since), None
        return QUIET, _resolve(state.alert, value, now)
    if figure is None or value is None or not _beyond(rule, value, rule.threshold):
        return QUIET, None
    since = state.since or now
    if now - since < timedelta(seconds=rule.fire_after_s):
        return RuleState(None, since), None
    alert = _fire(rule, rule.threshold, value, figure, now)
    return RuleState(alert), Transition("firing", alert)


def evaluate(
    rules: Sequence[AlertRule], states: Mapping[str, RuleState], figures: Mapping[str, Figure], now: datetime
) -> tuple[dict[str, RuleState], list[Transition]]:
    """The states after now, and what changed. figures by rule id; an alert whose rule is gone is resolved."""
    after: dict[str, RuleState] = {}
    transitions: list[Transition] = []
    for rule in rules:
        after[rule.id], transition = _step(rule, states.get(rule.id, QUIET), figures.get(rule.id), now)
        if transition:
            transitions.append(transition)
    orphans = [state.alert for rule_id, state in states.items() if rule_id not in after and state.alert]
    transitions += [_resolve(alert, None, now) for alert in orphans]
    return after, transitions
