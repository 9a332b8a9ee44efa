"""PerformanceMonitor: what happens in this worker is recorded, what happened in all of them is shown."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import structlog

from backend.domain.alerts import ALERTS, Alert, AlertRule, with_thresholds
from backend.domain.ids import new_id
from backend.domain.models import CATALOGUE
from backend.domain.updates import Update
from backend.domain.usage import UsageRecord
from backend.errors import AetherError, DatabaseUnavailable, DeadlineExceeded
from backend.services.performance_monitor import dashboard
from backend.services.performance_monitor.advice import Recommendation
from backend.services.performance_monitor.alerting import Alerting
from backend.services.performance_monitor.history import History
from backend.services.performance_monitor.periodic import Periodic
from backend.services.performance_monitor.prometheus import PrometheusExporter
from backend.services.performance_monitor.recorder import MISS, Recorder
from backend.services.performance_monitor.rollups import MINUTE, WINDOWS, Rollups, WindowName, instant
from backend.services.performance_monitor.shapes import AlertLists, Dashboard
from backend.services.performance_monitor.storage import FigureStore
from backend.services.performance_monitor.system import SystemSampler
from backend.services.performance_monitor.webhook import Webhook
from backend.services.repositories.alerts import AlertRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.metrics import MetricsRepository
from backend.services.scalable_database import CommandEvent, ScalableDatabase

FOLD_S, FLUSH_S, EVALUATE_S = 0.25, 5.0, 10.0
FOLD_EVENTS = 500
MODEL_IDS = frozenset(model.id for model in CATALOGUE)
CLOSE_S = 5.0
SLOW_OPERATION_S = 10.0
RESOLVED_SHOWN = 50

log = structlog.get_logger()


class PerformanceMonitor:
    """Recording is memory work; figures are folded, stored and evaluated in the background.

    clock: seconds since the epoch. cost_per_hour: the alert's threshold in pico-dollars. cache_hit_rate: the alert's
    target, 0..1, None switches it off. An empty webhook means none.
    on_alert: told when an alert fires or is over. models: ids that get a Prometheus label.
    standing_advice: recommendations that rest on no figures.
    """

    def __init__(
        self,
        database: ScalableDatabase,
        *,
        worker: str,
        cache_statistics: Callable[[], Mapping[str, Any]],
        webhook: str = "",
        on_alert: Callable[[Update], None] = lambda _: None,
        cost_per_hour: int,
        cache_hit_rate: float | None = None,
        clock: Callable[[], float] = time.time,
        data_dir: Path = Path("data"),
        rules: tuple[AlertRule, ...] = ALERTS,
        models: Collection[str] = MODEL_IDS,
        standing_advice: Callable[[], Iterable[Recommendation]] = tuple,
    ) -> None:
        self.instance = f"{worker}-{new_id('run')}"
        self._clock = clock
        self._cache_statistics = cache_statistics
        self._standing_advice = standing_advice
        self._recorder = Recorder(models)
        self._exporter = PrometheusExporter()
        self._rollups = Rollups(self.instance)
        self._store = FigureStore(self._rollups, MetricsRepository(database))
        self._alert_repository = AlertRepository(database)
        self._webhook = Webhook(webhook)
        self._alerting = Alerting(
            with_thresholds(rules, {"cost_per_hour": cost_per_hour, "cache_hit_rate": cache_hit_rate}),
            self._store,
            self._alert_repository,
            LeaseRepository(database),
            self._webhook,
            on_alert,
            owner=self.instance,
            clock=clock,
        )
        self.history = History(self._store, self._count, clock)
        self._sampler = SystemSampler(data_dir)
        self._periodic = Periodic()
        self._counting = Lock()
        self._counted_at = clock()
        self._in_flight = 0

    def record_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request that was answered. route: the template, never the path."""
        self._recorder.request(route, method, status, seconds)

    def record_compression(self, encoding: str, before: int, after: int) -> None:
        """An answer that was compressed; bytes of its body."""
        self._recorder.compression(encoding, before, after)

    def record_ai_metrics(self, record: UsageRecord) -> None:
        """One call to a model, as it is in the ledger."""
        self._recorder.ai_call(record)

    def record_discrepancy(self, record: UsageRecord) -> None:
        """A call of which the vendor reports other usage or another cost than its record has."""
        self._recorder.discrepancy(record.model, record.agent)

    def record_cache(self, layer: str | None, hit: bool = True, saved: int | None = None) -> None:
        """One look-up of an answer: the layer that answered it, None (or hit False) where none did.

        saved: pico-dollars that asking afresh would have cost; None where no price is known.
        """
        self._recorder.cache_lookup(layer if hit and layer else MISS, saved)

    def record_routing(self, index: float, excess: float) -> None:
        """Population stability index of the complexity score, and how far the large model's share is off its budget
        (0..1, either way)."""
        self._recorder.routing(index, excess)

    def record_similar(self, certain: float) -> None:
        """The share of false hits among similar questions' answers that is beyond doubt (0..1)."""
        self._recorder.similar(certain)

    def record_database(self, event: CommandEvent) -> None:
        """One database command; called on the driver's threads too."""
        self._recorder.database_command(event)

    @contextmanager
    def monitor_request(self, name: str, user_id: str) -> Iterator[None]:
        """Times a named operation. name: from a closed set. user_id: for the log line of a slow one, no label."""
        started = time.perf_counter()
        outcome = "cancelled"
        self._in_flight += 1
        try:
            yield
            outcome = "ok"
        except AetherError as error:
            outcome = "failed" if error.status >= 500 else "refused"
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._in_flight -= 1
            seconds = time.perf_counter() - started
            self._recorder.operation(name, outcome, seconds)
            if seconds >= SLOW_OPERATION_S:
                log.warning("slow_operation", operation=name, user_id=user_id, seconds=round(seconds, 3))

    async def start(self) -> None:
        await self._webhook.start()
        self._periodic.start("monitor_fold", FOLD_S, self._fold)
        self._periodic.start("monitor_flush", FLUSH_S, self.flush)
        self._periodic.start("monitor_alerts", EVALUATE_S, self.evaluate)

    async def close(self) -> None:
        """Stores what was recorded, within a few seconds, and lets another worker evaluate the alerts."""
        await self._periodic.close()
        self._count()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._store.flush()
                await self._alerting.release()
        except TimeoutError:
            log.warning("monitor_close_timed_out")
        await self._webhook.close()
        self._exporter.close()

    async def flush(self) -> bool:
        """Samples the system and writes this worker's figures. False: MongoDB is away, they are kept."""
        sample = await asyncio.to_thread(self._sampler.sample)
        self._recorder.gauges(sample.host, sample.ratios())
        self._exporter.set_system(sample)
        self._exporter.set_in_flight(self._in_flight)
        self._count()
        self._rollups.set_status(
            {
                "at": instant(self._clock()),
                "system": sample.document(),
                "cache": dict(self._cache_statistics()),
                "operations_in_flight": self._in_flight,
            }
        )
        stored = await self._store.flush()
        self._exporter.set_stored(stored=stored)
        return stored

    async def evaluate(self) -> None:
        """Evaluates the alerts over all workers' figures, where no other worker does."""
        self._count()
        await self._alerting.evaluate()
        for rule in self._alerting.rules:
            self._exporter.set_alert(rule.id, rule.severity, firing=rule.id in self._alerting.firing)

    async def dashboard(self, window: WindowName = "1h") -> Dashboard:
        """The figures of the window over all workers; those of this worker, saying so, where MongoDB is away."""
        self._count()
        now, chosen = self._clock(), WINDOWS[window]
        current_since = MINUTE.span(now) - MINUTE.seconds
        reading, minutes, (firing, resolved) = await asyncio.gather(
            self._store.read(chosen.level, chosen.since(now)),
            self._store.read(MINUTE, current_since),
            self._alerts(),
        )
        return await asyncio.to_thread(
            dashboard.build,
            chosen,
            reading,
            minutes,
            minutes_since=current_since,
            firing=firing,
            resolved=resolved,
            now=now,
            standing=tuple(self._standing_advice()),
        )

    async def alerts(self) -> AlertLists:
        return dashboard.alert_lists(*await self._alerts())

    def exposition(self) -> bytes:
        """Prometheus text of all workers (multiprocess mode) or of this one. May be called in a thread."""
        self._count()
        return self._exporter.exposition()

    async def _fold(self) -> None:
        """Counts in slices, so that a burst of events does not hold up the event loop."""
        if MINUTE.span(self._clock()) != MINUTE.span(self._counted_at):
            self._count()
        more = True
        while more:
            with self._counting:
                more = self._recorder.fold(FOLD_EVENTS)
            await asyncio.sleep(0)

    def _count(self) -> None:
        """Moves what was recorded into the metrics and the roll-ups of the time when it was recorded."""
        with self._counting:
            delta = self._recorder.take()
            self._exporter.add(delta)
            self._rollups.add(delta, self._counted_at)
            self._counted_at = max(self._clock(), self._counted_at)

    async def _alerts(self) -> tuple[list[Alert], list[Alert]]:
        """Firing and resolved; only what this worker knows to fire where MongoDB is away."""
        if self._store.reachable:
            with suppress(DatabaseUnavailable, DeadlineExceeded):
                return await self._alert_repository.firing(), await self._alert_repository.resolved(RESOLVED_SHOWN)
        return list(self._alerting.firing.values()), []
