"""Alerts over all workers' figures: one worker at a time evaluates, every worker can show them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from backend.domain.alerts import Alert, AlertRule
from backend.domain.updates import AlertUpdate, Update, UpdateName
from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.performance_monitor.evaluation import Figure, RuleState, Transition, evaluate
from backend.services.performance_monitor.measures import measure
from backend.services.performance_monitor.rollups import MINUTE, instant
from backend.services.performance_monitor.storage import FigureStore
from backend.services.performance_monitor.webhook import Webhook
from backend.services.repositories.alerts import AlertRepository
from backend.services.repositories.leases import LeaseRepository

LEASE = "alerts"
LEASE_S = 30.0

log = structlog.get_logger()


class Alerting:
    """Evaluates the rules while this worker holds the lease; what changes is stored first, then told."""

    def __init__(
        self,
        rules: Sequence[AlertRule],
        store: FigureStore,
        alerts: AlertRepository,
        leases: LeaseRepository,
        webhook: Webhook,
        announce: Callable[[Update], None],
        *,
        owner: str,
        clock: Callable[[], float],
    ) -> None:
        self.rules = tuple(rules)
        self._store, self._alerts, self._leases, self._webhook = store, alerts, leases, webhook
        self._announce = announce
        self._owner = owner
        self._clock = clock
        self._states: dict[str, RuleState] = {}
        self._leads = False
        self._resting = False
        self.firing: dict[str, Alert] = {}

    async def evaluate(self) -> list[Transition]:
        """One evaluation; nothing where another worker leads or MongoDB is away."""
        try:
            transitions = await self._evaluate() if await self._lead() else []
        except (DatabaseUnavailable, DeadlineExceeded) as error:
            self._states = {}
            if not self._resting:
                log.warning("alert_evaluation_rests", reason=error.code)
            self._resting = True
            return []
        self._resting = False
        return transitions

    async def _lead(self) -> bool:
        leads = await self._leases.acquire(LEASE, self._owner, LEASE_S)
        if not leads:
            self._states = {}
        self._leads = leads
        return leads

    async def release(self) -> None:
        """Lets another worker lead at once."""
        if self._leads:
            self._leads = False
            try:
                await self._leases.release(LEASE, self._owner)
            except (DatabaseUnavailable, DeadlineExceeded):
                log.info("alert_lease_left_to_expire")

    async def refresh(self) -> None:
        """Learns what fires, whoever evaluated it. Raises DatabaseUnavailable, DeadlineExceeded."""
        self.firing = {alert.rule: alert for alert in await self._alerts.firing()}

    async def _evaluate(self) -> list[Transition]:
        await self.refresh()
        now = instant(self._clock())
        after, transitions = evaluate(self.rules, self._known_states(), await self._figures(), now)
        for transition in transitions:
            await self._apply(transition)
        self._states = after
        return transitions

    def _known_states(self) -> dict[str, RuleState]:
        """Which alerts fire is what MongoDB says; since when something is due is this worker's own memory."""
        states: dict[str, RuleState] = {}
        for rule in {*self._states, *self.firing}:
            remembered, alert = self._states.get(rule, RuleState()), self.firing.get(rule)
            same = (remembered.alert is None) == (alert is None)
            states[rule] = RuleState(alert, remembered.since if same else None)
        return states

    async def _figures(self) -> dict[str, Figure]:
        """By rule id, from one reading of the longest window; a window begins with a whole minute, never too early."""
        rules = [rule for rule in self.rules if rule.threshold is not None]
        begins = {rule.window_s: MINUTE.span(self._clock() - rule.window_s) + MINUTE.seconds for rule in rules}
        if not rules:
            return {}
        reading = await self._store.read(MINUTE, min(begins.values()))
        if not reading.complete:
            raise DatabaseUnavailable("The figures of the other workers are out of reach.")
        figures: dict[str, Figure] = {}
        for window_s, begin in begins.items():
            chosen = [rule for rule in rules if rule.window_s == window_s]
            figures |= await asyncio.to_thread(measure, chosen, reading.since(begin))
        return figures

    async def _apply(self, transition: Transition) -> None:
        alert = transition.alert
        if transition.kind == "firing":
            changed = await self._alerts.fire(alert)
            self.firing[alert.rule] = alert
        else:
            changed = await self._alerts.resolve(alert)
            self.firing.pop(alert.rule, None)
        if changed:
            _log(transition)
            self._webhook.post(transition)
            self._announce(_update_of(transition))


def _update_of(transition: Transition) -> Update:
    alert = transition.alert
    event: UpdateName = "alert_fired" if transition.kind == "firing" else "alert_resolved"
    return Update(event, AlertUpdate(alert.rule, alert.severity, alert.message))


def _log(transition: Transition) -> None:
    alert = transition.alert
    details = {"rule": alert.rule, "severity": alert.severity, "value": alert.value, "threshold": alert.threshold}
    if transition.kind == "firing":
        log.warning("alert_firing", message=alert.message, window_s=alert.window_s, **details)
    else:
        log.info("alert_resolved", after_s=_seconds(alert.fired_at, alert.resolved_at), **details)


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if end else None
