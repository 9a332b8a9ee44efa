"""Shares: found by their owner, and by the hash of the token in their link."""

from collections.abc import Sequence
from dataclasses import asdict

from backend.domain.ids import new_id
from backend.domain.shares import Share, SharedMessage, Snapshot
from backend.errors import Conflict
from backend.services.repositories.conversations import SHARES
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import storable
from backend.services.scalable_database.reads import USER

MAX_SHARES = 100
SHOWN = ("user_id", "conversation_id", "title", "created_at")

PAGE = Query(
    "shares.page",
    SHARES,
    lambda user_id: {"user_id": user_id},
    {"user_id": USER},
    keyset=Keyset("created_at", -1, "text"),
    fields=SHOWN,
)
BY_ID = Query(
    "shares.by_id",
    SHARES,
    lambda user_id, share_id: {"_id": share_id, "user_id": user_id},
    {"user_id": USER, "share_id": ("_id", "share_none")},
    fields=SHOWN,
)
BY_TOKEN_HASH = Query(
    "shares.by_token_hash",
    SHARES,
    lambda token_hash: {"token_hash": token_hash},
    {"token_hash": ("token_hash", "none")},
)
QUERIES = (PAGE, BY_ID, BY_TOKEN_HASH)


class ShareRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def create(
        self, user_id: str, conversation_id: str, title: str, token_hash: str, messages: Sequence[SharedMessage]
    ) -> Share:
        """Raises Conflict where the user has as many as there may be."""
        if len(await self._database.find(PAGE, limit=MAX_SHARES, user_id=user_id)) == MAX_SHARES:
            raise Conflict(f"You have {MAX_SHARES} shared conversations: take one back first.")
        share = Share(new_id("share"), user_id, conversation_id, title, storable(self._database.now()))
        fields = asdict(share)
        document = {"_id": fields.pop("id"), **fields, "token_hash": token_hash}
        with translated():
            await self._database.collection(SHARES).insert_one(
                {**document, "messages": [asdict(message) for message in messages]}
            )
        return share

    async def page(self, user_id: str, limit: int, cursor: str | None = None) -> tuple[list[Share], str | None]:
        """Newest first, with the cursor of the next page. InvalidInput: a bad cursor."""
        rows, following = await self._database.page(PAGE, limit=limit, cursor=cursor, user_id=user_id)
        return [_share(row) for row in rows], following

    async def delete(self, user_id: str, share_id: str) -> Share | None:
        """What it was, None where there was none."""
        with translated():
            document = await self._database.collection(SHARES).find_one_and_delete(
                BY_ID.where(user_id=user_id, share_id=share_id), BY_ID.projection
            )
        return _share(document) if document else None

    async def by_token_hash(self, token_hash: str) -> Snapshot | None:
        """For whoever has the link: the token stands for the permission, no user does."""
        document = await self._database.find_one(BY_TOKEN_HASH, token_hash=token_hash)
        if document is None:
            return None
        return Snapshot(_share(document), tuple(SharedMessage(**message) for message in document["messages"]))


def _share(document: Document) -> Share:
    return Share(document["_id"], *(document[name] for name in SHOWN))
