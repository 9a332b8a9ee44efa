"""Calibration at run time, on the in-memory database: fitted, used by every worker, taken back, pinned, watched."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from backend.domain.audit import AuditAction
from backend.domain.calibration.evidence import Evidence
from backend.domain.calibration.fit import WEIGHTS, Label, Source
from backend.domain.calibration.history import CalibrationSettings, Drift
from backend.domain.calibration.ranks import BINS
from backend.domain.calibration.rules import PAUSE, cause_to_fit, drift_of
from backend.domain.feedback import Rating
from backend.errors import Conflict, DatabaseUnavailable, NotFound
from backend.services.audit_log import AuditLog
from backend.services.calibration.fitting import Fitting
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.calibration.labelling import Labelling
from backend.services.calibration.refitting import Refitting
from backend.services.calibration.traffic import TrafficCounter
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.routing_labels import AdminRoutingLabelRepository, RoutingLabelRepository
from backend.services.repositories.routing_traffic import RoutingTrafficRepository, TrafficDay
from backend.services.scalable_database import ScalableDatabase
from tests.support.bus import Bus, Network
from tests.support.calibrations import make_fitted
from tests.support.database.opening import opened
from tests.support.waiting import eventually

ADMIN = "user_admin"
START = datetime(2026, 11, 22, 9, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


class Audited:
    def __init__(self) -> None:
        self.actions: list[tuple[AuditAction, dict[str, str]]] = []

    async def record(self, action: AuditAction, *, user_id: None, actor_id: str, **detail: str) -> None:
        assert actor_id == ADMIN
        self.actions.append((action, detail))


class Measured:
    def __init__(self) -> None:
        self.drifts: list[tuple[float, float]] = []

    def record_routing(self, index: float, excess: float) -> None:
        self.drifts.append((index, excess))


@dataclass
class Worker:
    in_use: CalibrationInUse
    fitting: Fitting
    refitting: Refitting
    measured: Measured


@dataclass
class Installation:
    database: ScalableDatabase
    clock: Clock
    audited: Audited
    network: Network
    running: list[CalibrationInUse]

    async def worker(self) -> Worker:
        repository, measured = CalibrationRepository(self.database), Measured()
        in_use = CalibrationInUse(repository, Bus(self.network), hearing_s=60.0, deaf_s=0.01)
        fitting = Fitting(
            repository,
            AdminRoutingLabelRepository(self.database),
            RoutingTrafficRepository(self.database),
            in_use,
            cast(AuditLog, self.audited),
            large_share=0.4,
            now=self.clock,
        )
        refitting = Refitting(
            fitting,
            in_use,
            LeaseRepository(self.database),
            cast(PerformanceMonitor, measured),
            owner=f"worker_{len(self.running)}",
        )
        await in_use.start()
        self.running.append(in_use)
        return Worker(in_use, fitting, refitting, measured)

    async def count(self, requests: int, *, place: int | None = None, large: int = 0) -> None:
        """Requests of today, evenly over the scores, or all of one."""
        bins = [0 if place is not None else requests // BINS] * BINS
        if place is not None:
            bins[place] = requests
        row = TrafficDay(self.clock.now.date(), "math", bins, large, round(requests * 0.4 * 1000))
        await RoutingTrafficRepository(self.database).add(row, self.clock.now)

    async def label(self, count: int, *, source: Source = "judge") -> None:
        rng = random.Random(count)
        labels = RoutingLabelRepository(self.database)
        for number in range(count):
            message = f"msg_{self.clock.now:%d%H}_{source}_{number}"
            label = Label("math", rng.random() * 0.6, rng.choice((0, 0, 0, 1)), WEIGHTS[source], source, self.clock.now)
            await labels.put("user_ada", message, "small", label)


@pytest.fixture
async def installation() -> AsyncIterator[Installation]:
    async with opened("memory://", "aether") as database:
        installation = Installation(database, Clock(), Audited(), Network(), [])
        yield installation
        for in_use in installation.running:
            await in_use.close()


async def test_a_fit_is_in_force_on_every_worker_and_a_dry_run_on_none(installation: Installation) -> None:
    a, b = await installation.worker(), await installation.worker()
    with pytest.raises(Conflict):
        await a.fitting.preview(ADMIN)
    await installation.count(1000)
    await installation.label(60)
    previewed = await a.fitting.preview(ADMIN)
    assert (a.in_use.current().version, installation.audited.actions) == (0, [])
    fitted = await a.fitting.refit(ADMIN)
    assert (fitted.version, fitted.calibration, fitted.share) == (1, previewed.calibration, previewed.share)
    assert (fitted.requests, fitted.labels, fitted.cause) == (1000, {"judge": 60}, "asked")
    assert abs(fitted.share - 0.4) < 0.02
    assert a.in_use.current() == fitted.calibration
    await eventually(lambda: b.in_use.current() == fitted.calibration)
    assert b.in_use.evidence() == a.in_use.evidence()
    assert b.in_use.evidence().labels == (fitted.loss.labels if fitted.loss else 0) > 0


@pytest.mark.parametrize("version", [0, 1])
async def test_back_to_an_earlier_version_stays_until_somebody_asks(installation: Installation, version: int) -> None:
    worker = await installation.worker()
    await installation.count(1000)
    await installation.label(60)
    for _ in range(2):
        await worker.fitting.refit(ADMIN)
    with pytest.raises(NotFound):
        await worker.fitting.roll_back(3, ADMIN)
    await worker.fitting.roll_back(version, ADMIN)
    assert (worker.in_use.current().version, worker.in_use.evidence().version) == (version, version)
    assert worker.in_use.evidence().calibrated == bool(version)
    installation.clock.now += PAUSE * 2
    await installation.label(200)
    assert await worker.refitting.look()
    assert worker.in_use.current().version == version
    again = await worker.fitting.refit(ADMIN)
    assert (again.version, worker.in_use.current().version) == (3, 3)
    assert [action for action, _ in installation.audited.actions] == [
        *["calibration_fitted"] * 2,
        "calibration_rolled_back",
        "calibration_fitted",
    ]


async def test_settings_are_in_force_on_every_worker_and_recorded(installation: Installation) -> None:
    a, b = await installation.worker(), await installation.worker()
    settings = CalibrationSettings(2 * 10**12, 0.1, pinned=True)
    await a.fitting.configure(settings, ADMIN)
    await eventually(lambda: b.in_use.settings == settings)
    detail = {"daily_budget_usd": "2", "sample_share": "0.1", "pinned": "yes"}
    assert installation.audited.actions == [(AuditAction.CALIBRATION_SET, detail)]


async def test_a_worker_whose_bus_is_deaf_reads_what_is_in_use(installation: Installation) -> None:
    a, b = await installation.worker(), await installation.worker()
    installation.network.cut()
    for in_use in (a.in_use, b.in_use):
        in_use._following._changed.set()  # from now on they look often
    await installation.count(1000)
    await a.fitting.refit(ADMIN)
    assert a.in_use.current().version == 1
    await eventually(lambda: b.in_use.current().version == 1)


async def test_one_worker_fits_when_labels_have_gathered_and_again_when_there_are_more(
    installation: Installation,
) -> None:
    a, b = await installation.worker(), await installation.worker()
    await installation.count(1000, large=400)
    await installation.label(49)
    assert await a.refitting.look()
    assert not await b.refitting.look(), "another worker has the lease"
    assert a.in_use.current().version == 0
    assert a.in_use.evidence() == Evidence(False, *_loss(a), version=0)
    await installation.label(10, source="comparison")
    await a.refitting.look()
    first = a.in_use.fitted
    assert first is not None
    assert (first.version, first.cause, first.actor_id) == (1, "labels", "aether")
    installation.clock.now += timedelta(hours=5)
    await installation.label(40)
    await a.refitting.look()
    assert a.in_use.current().version == 1, "the pause is not over"
    installation.clock.now += timedelta(hours=2)
    await a.refitting.look()
    assert a.in_use.current().version == 2
    assert installation.audited.actions == []


def _loss(worker: Worker) -> tuple[float | None, float | None, float | None, int]:
    known = worker.in_use.evidence()
    assert known.loss is not None
    assert known.low is not None
    assert known.high is not None
    assert known.low < known.loss < known.high
    return known.loss, known.low, known.high, known.labels


async def test_other_traffic_is_noticed_told_and_fitted(installation: Installation) -> None:
    worker = await installation.worker()
    await installation.count(1000, large=400)
    await installation.label(60)
    await worker.refitting.look()
    assert worker.in_use.current().version == 1
    installation.clock.now += timedelta(days=3)
    await installation.count(600, place=80, large=590)
    await worker.fitting.configure(CalibrationSettings(pinned=True), ADMIN)
    await worker.refitting.look()
    [(index, excess)] = worker.measured.drifts
    assert index > 0.25
    assert excess == pytest.approx(0.5833, abs=1e-4)
    assert worker.in_use.state.drift == Drift(index, excess, 600)
    assert worker.in_use.current().version == 1, "it is pinned"
    await worker.fitting.configure(CalibrationSettings(), ADMIN)
    await worker.refitting.look()
    fitted = worker.in_use.fitted
    assert fitted is not None
    assert (fitted.version, fitted.cause) == (2, "drift")
    assert worker.in_use.state.drift is None, "nothing is known yet of the new one"


@pytest.mark.parametrize(
    ("labels", "requests", "drift", "hours", "cause"),
    [
        (200, 1000, None, 10, "labels"),
        (70, 1000, None, 10, None),
        (200, 1000, None, 5, None),
        (49, 1000, Drift(1.0, 0.0, 500), 10, None),
        (60, 1000, Drift(0.3, 0.0, 500), 10, "drift"),
        (60, 1000, Drift(0.1, -0.06, 500), 10, "drift"),
        (60, 1000, Drift(0.1, 0.04, 500), 10, None),
        (200, 199, None, 10, None),
    ],
)
def test_when_there_is_cause_to_fit(
    labels: int, requests: int, drift: Drift | None, hours: int, cause: str | None
) -> None:
    last = make_fitted(1, labels={"judge": 60, "thumbs": 500})
    now = last.at + timedelta(hours=hours)
    assert cause_to_fit(last, {"judge": labels - 5, "comparison": 5, "thumbs": 900}, requests, drift, now) == cause


def test_too_few_requests_say_nothing_of_drift_and_before_a_calibration_only_the_share_counts() -> None:
    assert drift_of(None, {"math": [499]}, large=0, allowed=100.0) is None
    flat = {"math": [5] * BINS}
    assert drift_of(None, flat, large=300, allowed=200.0) == Drift(0.0, 0.2, 500)


RECEIPT: dict[str, Any] = {
    "model_used": "small",
    "routing": {"tier": "small", "complexity": 0.3, "domain": "math"},
}


@pytest.mark.parametrize(
    ("receipt", "rating", "gain"),
    [
        (RECEIPT, "down", 1),
        (RECEIPT, "up", 0),
        ({**RECEIPT, "routing": {**RECEIPT["routing"], "tier": "large"}}, "down", None),
        ({**RECEIPT, "cache": {"layer": "l1"}}, "down", 1),
        ({**RECEIPT, "cache": {"layer": "similar"}}, "down", None),
        ({"error": {"code": "x"}}, "down", None),
        ({"agents_used": []}, "up", None),
        (None, "up", None),
    ],
)
async def test_a_thumb_on_the_small_models_answer_is_a_label(
    installation: Installation, receipt: dict[str, Any] | None, rating: Rating, gain: int | None
) -> None:
    labelling = Labelling(RoutingLabelRepository(installation.database), installation.clock)
    everybodys = AdminRoutingLabelRepository(installation.database)
    await labelling.rated("user_ada", "msg_1", receipt, rating)
    expected = [] if gain is None else [Label("math", 0.3, cast(Any, gain), WEIGHTS["thumbs"], "thumbs", START)]
    assert await everybodys.newest() == expected
    await labelling.withdrawn("user_ada", "msg_1")
    assert await everybodys.newest() == []
    await labelling.regenerated("user_ada", "msg_1", receipt)
    assert [(found.source, found.gain) for found in await everybodys.newest()] == (
        [] if gain is None else [("regeneration", 1)]
    )


async def test_counts_that_cannot_be_written_are_kept(installation: Installation) -> None:
    class Away(RoutingTrafficRepository):
        away = True

        async def add(self, row: TrafficDay, now: datetime) -> bool:
            if self.away:
                raise DatabaseUnavailable("away")
            return await super().add(row, now)

    repository = Away(installation.database)
    counter = TrafficCounter(repository, now=installation.clock)
    record: Callable[[], None] = lambda: counter.count("math", 0.31, large=True, large_share=0.25)  # noqa: E731
    record()
    await counter.flush()
    record()
    counter.count(None, 1.0, large=False, large_share=0.25)
    counter.outcome("compared")
    repository.away = False
    await counter.close()
    others, math = await repository.since(START.date())
    assert (others.requests, others.bins[-1], others.outcomes) == (1, 1, {"compared": 1})
    assert (math.bins[31], math.large, math.allowed) == (2, 2, 500)
