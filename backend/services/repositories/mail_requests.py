"""Mails that somebody asked for and that are yet to be sent, by whichever worker comes first.

A request is written before it is looked at: whether there is an account behind its address plays no part in the
answer to whoever asked, and a mail server that is away delays a mail and loses none.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pymongo import ReturnDocument

from backend.domain.ids import new_id
from backend.domain.one_time_tokens import Registration
from backend.services.request_origin import NOWHERE, RequestOrigin, request_origin
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "mail_requests"
KEPT = timedelta(hours=24)

DUE = Query(
    "mail_requests.due",
    COLLECTION,
    lambda now: {"not_before": {"$lte": now}},
    {"now": ("not_before", datetime(2000, 1, 1, tzinfo=UTC))},
    sort=(("not_before", 1), ("_id", 1)),
    kind="write",
)
BY_ID = Query(
    "mail_requests.by_id", COLLECTION, lambda request_id: {"_id": request_id}, {"request_id": ("_id", "none")}
)
QUERIES = (DUE, BY_ID)

Notice = Literal["password_changed", "second_factor_on", "second_factor_off"]
"""Mails that tell of a change and hold no token."""
MailKind = Literal["register", "verify", "reset", Notice]


@dataclass(frozen=True, slots=True)
class MailRequest:
    """attempts: how often it was claimed, this time included. registration: of the kind register.

    origin: of the request that asked for it.
    """

    id: str
    kind: MailKind
    email: str
    attempts: int
    registration: Registration | None = None
    origin: RequestOrigin = NOWHERE


class MailRequestRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def add(self, kind: MailKind, email: str, registration: Registration | None = None) -> None:
        """Durable on return. What could not be sent within a day is dropped."""
        now = self._database.now()
        document: Document = {
            "_id": new_id("mail"),
            "kind": kind,
            "email": email,
            "registration": asdict(registration) if registration else None,
            "origin": asdict(request_origin()),
            "attempts": 0,
            "not_before": now,
            "expires_at": now + KEPT,
        }
        with translated():
            await self._database.collection(COLLECTION).insert_one(document)

    async def claim(self, lease_s: float) -> MailRequest | None:
        """The request that waits longest, the caller's alone for lease_s seconds; then it is due again."""
        now = self._database.now()
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                DUE.where(now=now),
                {"$set": {"not_before": now + timedelta(seconds=lease_s)}, "$inc": {"attempts": 1}},
                sort=list(DUE.sort),
                return_document=ReturnDocument.AFTER,
            )
        return _request_from(document) if document else None

    async def postpone(self, request_id: str, seconds: float) -> None:
        later = self._database.now() + timedelta(seconds=seconds)
        with translated():
            await self._database.collection(COLLECTION).update_one(
                BY_ID.where(request_id=request_id), {"$set": {"not_before": later}}
            )

    async def remove(self, request_id: str) -> None:
        with translated():
            await self._database.collection(COLLECTION).delete_one(BY_ID.where(request_id=request_id))


def _request_from(document: Document) -> MailRequest:
    registration = document["registration"]
    return MailRequest(
        id=document["_id"],
        kind=document["kind"],
        email=document["email"],
        attempts=document["attempts"],
        registration=Registration(**registration) if registration else None,
        origin=RequestOrigin(**document.get("origin", {})),
    )
