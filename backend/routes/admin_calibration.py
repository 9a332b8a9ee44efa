"""Calibration of routing on own traffic, for administrators: its state, its history, and what is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from backend.domain.calibration.evidence import QualityLoss
from backend.domain.calibration.fit import Source
from backend.domain.calibration.history import CalibrationSettings, Cause, Fitted
from backend.domain.calibration.ranks import OTHERS
from backend.domain.calibration.rules import EXCESS_LIMIT, INDEX_LIMIT
from backend.domain.doc import Doc
from backend.domain.usage import format_usd, parse_usd
from backend.routes.admin import AmountOfMoney
from backend.routes.deps import Admin, AetherServices
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import ADMIN_PROBLEMS, problem_responses
from backend.routes.savings import SavingsEvidence, shape_of
from backend.routes.text import Shape
from backend.services.calibration.calibrations import CalibrationReport

MAX_VERSION = 10**9

router = APIRouter(prefix="/api/admin/calibration", tags=["admin"], responses=ADMIN_PROBLEMS)

Share = Annotated[float, Doc("0 to 1")]
Domain = Annotated[str, Doc("Of the question; *: any other, or unknown")]


class CalibrationBody(Shape):
    daily_budget_usd: AmountOfMoney | None = Field(
        description="What comparisons may cost on a day (UTC), USD, exact; null: nothing is compared", examples=["0.50"]
    )
    sample_share: float = Field(gt=0, le=1, description="Share of the small model's answers that are compared")
    pinned: bool = Field(description="true: nothing is fitted without being asked")


class RollbackBody(Shape):
    version: int = Field(ge=0, le=MAX_VERSION, description="An earlier version; 0: the uncalibrated score")


@dataclass(frozen=True, slots=True)
class LossShape:
    """Of the small model's answers, those that the large model's would have beaten, among compared ones."""

    share: Share
    low: Annotated[float, Doc("Lower end of its 95 % interval")]
    high: Annotated[float, Doc("Upper end of its 95 % interval")]
    labels: Annotated[int, Doc("Compared answers that it rests on")]


@dataclass(frozen=True, slots=True)
class FittedDomain:
    domain: Domain
    requests: Annotated[int, Doc("Own traffic that it was fitted on")]
    share: Annotated[float, Doc("Expected share of these that the large model answers, 0 to 1")]


@dataclass(frozen=True, slots=True)
class CalibrationVersion:
    """A calibration, and how it came about."""

    version: Annotated[int, Doc("Grows with every fit")]
    at: Annotated[datetime, Doc("When it was fitted")]
    actor_id: Annotated[str, Doc("The administrator who asked for it; aether: nobody did")]
    cause: Annotated[Cause, Doc("Why: labels had gathered, traffic had drifted, somebody asked")]
    labels: Annotated[dict[Source, int], Doc("How many it rests on, by source")]
    requests: Annotated[int, Doc("Own traffic that it was fitted on")]
    large_share: Annotated[float, Doc("The budget: share of requests for the large model, 0 to 1")]
    share_before: Annotated[
        float, Doc("What the large model answers of that traffic by the calibration before, 0 to 1")
    ]
    share: Annotated[float, Doc("What it answers of it by this one, 0 to 1")]
    domains: Annotated[list[FittedDomain], Doc("Of that traffic, by name")]
    loss: Annotated[LossShape | None, Doc("What is lost in quality; null: nothing was compared")]


@dataclass(frozen=True, slots=True)
class CalibrationPage:
    items: Annotated[list[CalibrationVersion], Doc("Newest first")]
    next_cursor: NextCursor


@dataclass(frozen=True, slots=True)
class DriftShape:
    index: Annotated[float, Doc("Population stability index of the score, of two days against the fit")]
    excess: Annotated[float, Doc("The large model's share of requests beyond its budget; below 0: short of it")]
    requests: Annotated[int, Doc("Requests that both rest on")]
    alarming: Annotated[bool, Doc("Beyond what the alerts routing_drift and routing_share allow")]


@dataclass(frozen=True, slots=True)
class DomainTraffic:
    domain: Domain
    requests: Annotated[int, Doc("Whose model was routing's choice, in 14 days")]
    share: Annotated[float, Doc("Of these, answered by the large model, 0 to 1")]


@dataclass(frozen=True, slots=True)
class LabelCount:
    source: Annotated[Source, Doc("Where they come from")]
    gain: Annotated[int, Doc("1: the large model's answer is better, 0: as good, -1: worse")]
    labels: Annotated[int, Doc("How many say so")]


@dataclass(frozen=True, slots=True)
class CalibrationAnswer:
    """What routing goes by, and what is known of it."""

    calibrated: Annotated[bool, Doc("false: the score is used as it is, nothing was fitted to own traffic")]
    in_use: Annotated[CalibrationVersion | None, Doc("null: uncalibrated")]
    large_share: Annotated[float, Doc("The deployment's budget: share of requests for the large model, 0 to 1")]
    daily_budget_usd: Annotated[str | None, Doc("What comparisons may cost on a day (UTC); null: they are off")]
    spent_today_usd: Annotated[str, Doc("What they have cost today (UTC), USD, exact")]
    sample_share: Annotated[float, Doc("Share of the small model's answers that are compared, 0 to 1")]
    pinned: Annotated[bool, Doc("Nothing is fitted without being asked")]
    evidence: SavingsEvidence
    drift: Annotated[DriftShape | None, Doc("null: too few requests to tell, or not looked at yet")]
    domains: Annotated[list[DomainTraffic], Doc("Own traffic, by name")]
    labels: Annotated[list[LabelCount], Doc("Kept for 180 days")]
    comparisons: Annotated[dict[str, int], Doc("Of 14 days: compared, failed, unaffordable, dropped")]


@router.get("")
async def get_calibration(_: Admin, services: AetherServices) -> CalibrationAnswer:
    """How routing is calibrated, what comparisons cost, and what labels and traffic say."""
    return answer_of(await services.calibration.report())


@router.put("", responses=problem_responses(413))
async def set_calibration(body: CalibrationBody, admin: Admin, services: AetherServices) -> CalibrationAnswer:
    """Sets what is compared and whether it is pinned, on every worker within a second."""
    budget = None if body.daily_budget_usd is None else parse_usd(body.daily_budget_usd)
    settings = CalibrationSettings(budget, body.sample_share, body.pinned)
    await services.calibration.configure(settings, admin.user_id)
    return answer_of(await services.calibration.report())


@router.post("/dry-run", responses=problem_responses(409))
async def preview_calibration(admin: Admin, services: AetherServices) -> CalibrationVersion:
    """What a fit would come to now; nothing is stored, and nothing changes."""
    return version_of(await services.calibration.preview(admin.user_id))


@router.post("/refit", responses=problem_responses(409))
async def refit_calibration(admin: Admin, services: AetherServices) -> CalibrationVersion:
    """Fits a new version, in use on every worker within a second."""
    return version_of(await services.calibration.refit(admin.user_id))


@router.post("/rollback", responses=problem_responses(404, 413))
async def roll_back_calibration(body: RollbackBody, admin: Admin, services: AetherServices) -> CalibrationAnswer:
    """Takes an earlier version into use, on every worker within a second, and pins it."""
    await services.calibration.roll_back(body.version, admin.user_id)
    return answer_of(await services.calibration.report())


@router.get("/history")
async def list_calibrations(
    _: Admin, services: AetherServices, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> CalibrationPage:
    """Every version that was fitted."""
    found, next_cursor = await services.calibration.page(limit, cursor)
    return CalibrationPage(list(map(version_of, found)), next_cursor)


def answer_of(report: CalibrationReport) -> CalibrationAnswer:
    settings, drift = report.state.settings, report.state.drift
    alarming = drift is not None and (drift.index > INDEX_LIMIT or abs(drift.excess) > EXCESS_LIMIT)
    return CalibrationAnswer(
        calibrated=report.fitted is not None,
        in_use=version_of(report.fitted) if report.fitted else None,
        large_share=report.large_share,
        daily_budget_usd=format_usd(settings.daily_budget),
        spent_today_usd=format_usd(report.spent),
        sample_share=settings.sample_share,
        pinned=settings.pinned,
        evidence=shape_of(report.evidence),
        drift=DriftShape(drift.index, drift.excess, drift.requests, alarming) if drift else None,
        domains=domains_of(report),
        labels=[LabelCount(row.source, row.gain, row.labels) for row in report.labels],
        comparisons=report.comparisons,
    )


def domains_of(report: CalibrationReport) -> list[DomainTraffic]:
    sums: dict[str, tuple[int, int]] = {}
    for row in report.days:
        requests, large = sums.get(row.domain, (0, 0))
        sums[row.domain] = requests + row.requests, large + row.large
    return [
        DomainTraffic(domain, requests, round(large / requests, 4))
        for domain, (requests, large) in sorted(sums.items())
        if requests
    ]


def version_of(fitted: Fitted) -> CalibrationVersion:
    traffic: Mapping[str, tuple[int, ...]] = fitted.traffic
    domains = [
        FittedDomain(domain, sum(traffic.get(domain, ())), round(share, 4))
        for domain, share in sorted(fitted.shares.items())
        if domain in traffic or domain != OTHERS
    ]
    return CalibrationVersion(
        version=fitted.version,
        at=fitted.at,
        actor_id=fitted.actor_id,
        cause=fitted.cause,
        labels=dict(fitted.labels),
        requests=fitted.requests,
        large_share=fitted.large_share,
        share_before=round(fitted.share_before, 4),
        share=round(fitted.share, 4),
        domains=domains,
        loss=_loss(fitted.loss),
    )


def _loss(loss: QualityLoss | None) -> LossShape | None:
    return LossShape(round(loss.share, 4), round(loss.low, 4), round(loss.high, 4), loss.labels) if loss else None
