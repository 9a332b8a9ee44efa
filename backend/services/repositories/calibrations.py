"""Calibrations of the complexity score: every version that was fitted, and which one is in use. No user is in them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bson import Int64
from pymongo import ReturnDocument

from backend.domain.calibration.evidence import Evidence, QualityLoss
from backend.domain.calibration.history import CalibrationSettings, CalibrationState, Drift, Fitted
from backend.domain.calibration.ranks import Calibration
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, translated

COLLECTION = "calibrations"
CONTROLS = "controls"

STATE = Query("controls.calibration", CONTROLS, lambda: {"_id": "calibration"}, {})
PAGE = Query("calibrations.page", COLLECTION, dict, {}, keyset=Keyset("at", -1, "text"))
BY_VERSION = Query(
    "calibrations.by_version", COLLECTION, lambda version: {"version": version}, {"version": ("version", 0)}
)
LATEST = Query(
    "calibrations.latest",
    COLLECTION,
    lambda since: {"version": {"$gte": since}},
    {"since": ("none", 0)},
    sort=(("version", -1),),
    fields=("version",),
)
QUERIES = (STATE, PAGE, BY_VERSION, LATEST)


class CalibrationRepository:
    """For administrators and for the workers themselves: no user stands behind these."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def state(self) -> CalibrationState:
        return _state(await self._database.find_one(STATE))

    async def configure(self, settings: CalibrationSettings) -> CalibrationState:
        budget = None if settings.daily_budget is None else Int64(settings.daily_budget)
        return await self._change({"settings": asdict(settings) | {"daily_budget": budget}})

    async def use(self, version: int, *, pinned: bool) -> CalibrationState:
        """From now on this version, 0 for none; what was known of the one before is forgotten."""
        return await self._change(
            {"in_use": version, "settings.pinned": pinned, "drift": None, "evidence": asdict(Evidence())}
        )

    async def note(self, evidence: Evidence, drift: Drift | None) -> CalibrationState:
        """What is known of the calibration in use."""
        return await self._change({"evidence": asdict(evidence), "drift": asdict(drift) if drift else None})

    async def add(self, fitted: Fitted) -> bool:
        """False: another worker has stored this version meanwhile."""
        return await self._database.insert(COLLECTION, _document(fitted))

    async def get(self, version: int) -> Fitted | None:
        document = await self._database.find_one(BY_VERSION, version=version)
        return _fitted(document) if document else None

    async def latest(self) -> int:
        """The highest version there is, 0 without any."""
        document = await self._database.find_one(LATEST, since=0)
        return int(document["version"]) if document else 0

    async def page(self, limit: int, cursor: str | None) -> tuple[list[Fitted], str | None]:
        """Newest first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        rows, following = await self._database.page(PAGE, limit=limit, cursor=cursor)
        return [_fitted(row) for row in rows], following

    async def _change(self, fields: Mapping[str, Any]) -> CalibrationState:
        change = {"$set": dict(fields), "$inc": {"revision": 1}}
        with translated():
            document = await self._database.collection(CONTROLS).find_one_and_update(
                STATE.where(), change, upsert=True, return_document=ReturnDocument.AFTER
            )
        return _state(document)


def _state(document: Document | None) -> CalibrationState:
    found = document or {}
    return CalibrationState(
        settings=CalibrationSettings(**found.get("settings", {})),
        in_use=found.get("in_use", 0),
        evidence=Evidence(**found.get("evidence", {})),
        drift=Drift(**found["drift"]) if found.get("drift") else None,
        revision=found.get("revision", 0),
    )


def _document(fitted: Fitted) -> Document:
    """Domains are rows, not field names: MongoDB gives some characters of those a meaning."""
    rows = [
        {
            "domain": domain,
            "ranks": list(ranks),
            "share": fitted.shares.get(domain),
            "traffic": list(fitted.traffic.get(domain, ())),
        }
        for domain, ranks in fitted.calibration.maps.items()
    ]
    return {
        "_id": f"calibration_{fitted.version}",
        "version": fitted.version,
        "at": fitted.at,
        "actor_id": fitted.actor_id,
        "cause": fitted.cause,
        "labels": dict(fitted.labels),
        "large_share": fitted.large_share,
        "share_before": fitted.share_before,
        "share": fitted.share,
        "loss": asdict(fitted.loss) if fitted.loss else None,
        "domains": rows,
    }


def _fitted(document: Document) -> Fitted:
    rows = document["domains"]
    return Fitted(
        calibration=Calibration(document["version"], {row["domain"]: tuple(row["ranks"]) for row in rows}),
        at=document["at"],
        actor_id=document["actor_id"],
        cause=document["cause"],
        labels=document["labels"],
        large_share=document["large_share"],
        share_before=document["share_before"],
        share=document["share"],
        shares={row["domain"]: row["share"] for row in rows if row["share"] is not None},
        loss=QualityLoss(**document["loss"]) if document["loss"] else None,
        traffic={row["domain"]: tuple(row["traffic"]) for row in rows if row["traffic"]},
    )
