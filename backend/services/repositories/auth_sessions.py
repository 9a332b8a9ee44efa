"""Sign-in sessions: one document a family of refresh tokens."""

from dataclasses import asdict
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from backend.domain.users import Session
from backend.errors import Conflict
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import session_from
from backend.services.scalable_database.reads import USER

SESSION = ("_id", "session_none")

BY_TOKEN_HASH = Query(
    "auth_sessions.by_token_hash",
    "auth_sessions",
    lambda token_hash: {"token_hash": token_hash},
    {"token_hash": ("token_hash", "none")},
)
BY_ID = Query(
    "auth_sessions.by_id",
    "auth_sessions",
    lambda user_id, session_id: {"_id": session_id, "user_id": user_id},
    {"user_id": USER, "session_id": SESSION},
)
LIVE_PAGE = Query(
    "auth_sessions.live_page",
    "auth_sessions",
    lambda user_id, now: {"user_id": user_id, "live": True, "expires_at": {"$gt": now}},
    {"user_id": USER, "now": ("created_at", datetime(2000, 1, 1, tzinfo=UTC))},
    keyset=Keyset("last_used", -1, "text"),
)
REVOKED_SINCE = Query(
    "auth_sessions.revoked_since",
    "auth_sessions",
    lambda instant: {"revoked_at": {"$gte": instant}},
    {"instant": ("revoked_at", datetime(2000, 1, 1, tzinfo=UTC))},
    fields=("_id",),
)
ROTATE = Query(
    "auth_sessions.rotate",
    "auth_sessions",
    lambda user_id, session_id, token_hash: {
        "_id": session_id,
        "user_id": user_id,
        "token_hash": token_hash,
        "revoked_at": None,
    },
    {"user_id": USER, "session_id": SESSION, "token_hash": ("token_hash", "none")},
    kind="write",
)
REVOKE = Query(
    "auth_sessions.revoke",
    "auth_sessions",
    lambda user_id, session_id: {"_id": session_id, "user_id": user_id, "revoked_at": None},
    {"user_id": USER, "session_id": SESSION},
    kind="write",
)
LIVE = Query(
    "auth_sessions.live",
    "auth_sessions",
    lambda user_id, kept: {"user_id": user_id, "revoked_at": None, "_id": {"$ne": kept}},
    {"user_id": USER, "kept": ("none", None)},
    fields=("_id",),
    kind="write",
)
QUERIES = (BY_TOKEN_HASH, BY_ID, LIVE_PAGE, REVOKED_SINCE, ROTATE, REVOKE, LIVE)


class AuthSessionRepository:
    """A look-up by a token's hash has no user in its filter: who the user is, is what it tells."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def create(self, session: Session) -> None:
        """Raises Conflict where a session has this token."""
        # What is not set stays out: the sparse index then holds revoked sessions only.
        document = {name: value for name, value in asdict(session).items() if value is not None and name != "id"}
        document |= {"_id": session.id, "live": True}
        try:
            with translated():
                await self._database.collection("auth_sessions").insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict("This session exists already.") from error

    async def by_token_hash(self, token_hash: str) -> Session | None:
        """The session whose valid token this is, also where it is revoked or expired."""
        document = await self._database.find_one(BY_TOKEN_HASH, token_hash=token_hash)
        return session_from(document) if document else None

    async def get(self, user_id: str, session_id: str) -> Session | None:
        """Also where it is revoked or expired."""
        document = await self._database.find_one(BY_ID, user_id=user_id, session_id=session_id)
        return session_from(document) if document else None

    async def live_page(
        self, user_id: str, now: datetime, limit: int, cursor: str | None
    ) -> tuple[list[Session], str | None]:
        """Neither revoked nor past their absolute expiry, latest used first. Raises InvalidInput: a bad cursor."""
        rows, following = await self._database.page(LIVE_PAGE, limit=limit, cursor=cursor, user_id=user_id, now=now)
        return [session_from(row) for row in rows], following

    async def rotate(self, session_id: str, user_id: str, old_hash: str, new_hash: str, now: datetime) -> bool:
        """False: old_hash is no longer the valid token, or the session is revoked. Only one of two rotations wins."""
        with translated():
            result = await self._database.collection("auth_sessions").update_one(
                ROTATE.where(user_id=user_id, session_id=session_id, token_hash=old_hash),
                {
                    "$set": {
                        "token_hash": new_hash,
                        "previous_hash": old_hash,
                        "rotated_at": now,
                        "last_used": now,
                        "live": True,
                    }
                },
            )
        return result.matched_count == 1

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """Ends the whole family of tokens. False: there is no such session, or it was revoked before."""
        with translated():
            result = await self._database.collection("auth_sessions").update_one(
                REVOKE.where(user_id=user_id, session_id=session_id), self._revocation()
            )
        return result.matched_count == 1

    async def revoke_all(self, user_id: str, *, keep: str | None = None) -> list[str]:
        """Ends every session of the user but the one to keep; the ids of those that were live."""
        live = await self._database.find(LIVE, limit=0, user_id=user_id, kept=keep)
        with translated():
            await self._database.collection("auth_sessions").update_many(
                LIVE.where(user_id=user_id, kept=keep), self._revocation()
            )
        return [document["_id"] for document in live]

    async def revoked_since(self, instant: datetime) -> list[str]:
        """Ids of the sessions that were revoked at or after the instant, of all users."""
        documents = await self._database.find(REVOKED_SINCE, limit=0, instant=instant)
        return [document["_id"] for document in documents]

    def _revocation(self) -> Document:
        """live is there for lists: no index that looks for a missing field keeps an order behind it."""
        return {"$set": {"revoked_at": self._database.now()}, "$unset": {"live": ""}}
