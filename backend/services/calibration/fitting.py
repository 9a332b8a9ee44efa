"""Fits calibrations: what would change, what does change, and back to what was before."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backend.domain.audit import AuditAction
from backend.domain.calibration.evidence import Evidence, quality_loss
from backend.domain.calibration.fit import Label, Source, fit
from backend.domain.calibration.history import AETHER, CalibrationSettings, Cause, Drift, Fitted
from backend.domain.calibration.ranks import Calibration, large_share_of, large_shares
from backend.domain.calibration.rules import DRIFT_DAYS, REQUESTS_NEEDED, TRAFFIC_DAYS, cause_to_fit, drift_of
from backend.domain.usage import format_usd
from backend.errors import Conflict, NotFound
from backend.services.audit_log import AuditLog
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.routing_labels import AdminRoutingLabelRepository
from backend.services.repositories.routing_traffic import PERMILLE, RoutingTrafficRepository, TrafficDay
from backend.services.scalable_database.documents import storable

Traffic = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Material:
    """What a fit rests on."""

    labels: Sequence[Label]
    days: Sequence[TrafficDay]

    @property
    def traffic(self) -> Traffic:
        return histograms(self.days)

    @property
    def counts(self) -> Counter[Source]:
        return Counter(label.source for label in self.labels)


def histograms(days: Sequence[TrafficDay]) -> Traffic:
    """Requests by domain and score, over all days."""
    sums: Traffic = {}
    for row in days:
        if row.requests:
            before = sums.get(row.domain, (0,) * len(row.bins))
            sums[row.domain] = tuple(a + b for a, b in zip(before, row.bins, strict=True))
    return sums


class Fitting:
    """large_share: the deployment's budget. now: the time, aware, UTC."""

    def __init__(
        self,
        repository: CalibrationRepository,
        labels: AdminRoutingLabelRepository,
        traffic: RoutingTrafficRepository,
        in_use: CalibrationInUse,
        audit: AuditLog,
        *,
        large_share: float,
        now: Callable[[], datetime],
    ) -> None:
        self._repository, self._labels, self._traffic = repository, labels, traffic
        self._in_use, self._audit = in_use, audit
        self.large_share = large_share
        self._now = now

    def today(self) -> date:
        """In UTC."""
        return self._now().date()

    async def preview(self, actor: str) -> Fitted:
        """What a fit would come to now; nothing is stored. Raises Conflict where there is too little traffic."""
        return await self._fitted(await self._material(), "asked", actor)

    async def refit(self, actor: str) -> Fitted:
        """A new version, in use on every worker within a second. Raises Conflict."""
        return await self._apply(await self._fitted(await self._material(), "asked", actor))

    async def refit_where_due(self) -> Fitted | None:
        """Looks at labels and traffic, notes what they say of the calibration in use, and fits where there is cause."""
        material = await self._material()
        drift = self._drift(material.days)
        await self._note(material, drift)
        last = self._in_use.fitted
        requests = sum(map(sum, material.traffic.values()))
        cause = cause_to_fit(last, material.counts, requests, drift, self._now())
        if cause is None or self._in_use.settings.pinned:
            return None
        return await self._apply(await self._fitted(material, cause, AETHER))

    async def roll_back(self, version: int, actor: str) -> None:
        """From now on this version, 0 for the uncalibrated score; it stays until somebody asks for another fit.

        Raises NotFound.
        """
        if version and await self._repository.get(version) is None:
            raise NotFound("There is no such version.")
        before = self._in_use.current().version
        await self._repository.use(version, pinned=True)
        await self._in_use.announce()
        await self._record(AuditAction.CALIBRATION_ROLLED_BACK, actor, version=str(version), before=str(before))

    async def configure(self, settings: CalibrationSettings, actor: str) -> None:
        """In force on every worker within a second."""
        await self._repository.configure(settings)
        await self._in_use.announce()
        await self._record(
            AuditAction.CALIBRATION_SET,
            actor,
            daily_budget_usd=format_usd(settings.daily_budget) or "none",
            sample_share=str(settings.sample_share),
            pinned="yes" if settings.pinned else "no",
        )

    async def _apply(self, fitted: Fitted) -> Fitted:
        if not await self._repository.add(fitted):
            raise Conflict("Another calibration was fitted at this moment.")
        await self._repository.use(fitted.version, pinned=self._in_use.settings.pinned)
        await self._in_use.announce()
        if fitted.actor_id != AETHER:
            await self._record(AuditAction.CALIBRATION_FITTED, fitted.actor_id, version=str(fitted.version))
        return fitted

    async def _material(self) -> Material:
        since = self.today() - timedelta(days=TRAFFIC_DAYS - 1)
        labels, days = await asyncio.gather(self._labels.newest(), self._traffic.since(since))
        return Material(labels, days)

    async def _fitted(self, material: Material, cause: Cause, actor: str) -> Fitted:
        requests = sum(map(sum, material.traffic.values()))
        if requests < REQUESTS_NEEDED:
            raise Conflict(
                f"There are {requests} requests of the last {TRAFFIC_DAYS} days; a fit needs {REQUESTS_NEEDED}.",
                code="too_little_traffic",
            )
        version = await self._repository.latest() + 1
        before = self._in_use.current()
        return await asyncio.to_thread(self._build, material, cause, actor, version, before)

    def _build(self, material: Material, cause: Cause, actor: str, version: int, before: Calibration) -> Fitted:
        """Takes tens of milliseconds: called in a thread."""
        traffic, share = material.traffic, self.large_share
        calibration = fit(material.labels, traffic, version)
        return Fitted(
            calibration=calibration,
            at=storable(self._now()),
            actor_id=actor,
            cause=cause,
            labels=material.counts,
            large_share=share,
            share_before=large_share_of(before, traffic, share) or 0.0,
            share=large_share_of(calibration, traffic, share) or 0.0,
            shares=large_shares(calibration, traffic, share),
            loss=quality_loss(material.labels, calibration, share),
            traffic=traffic,
        )

    def _drift(self, days: Sequence[TrafficDay]) -> Drift | None:
        since = self.today() - timedelta(days=DRIFT_DAYS - 1)
        recent = [row for row in days if row.day >= since]
        allowed = sum(row.allowed for row in recent) / PERMILLE
        return drift_of(
            self._in_use.fitted, histograms(recent), large=sum(row.large for row in recent), allowed=allowed
        )

    async def _note(self, material: Material, drift: Drift | None) -> None:
        current, fitted = self._in_use.current(), self._in_use.fitted
        loss = quality_loss(material.labels, current, self.large_share)
        evidence = Evidence(
            calibrated=current.calibrated,
            loss=loss.share if loss else None,
            low=loss.low if loss else None,
            high=loss.high if loss else None,
            labels=loss.labels if loss else 0,
            version=current.version,
            fitted_at=fitted.at if fitted else None,
        )
        if (evidence, drift) != (self._in_use.state.evidence, self._in_use.state.drift):
            await self._repository.note(evidence, drift)
            await self._in_use.announce()

    async def _record(self, action: AuditAction, actor: str, **detail: str) -> None:
        await self._audit.record(action, user_id=None, actor_id=actor, **detail)
