"""One-time tokens: created, redeemed once, withdrawn. Only their hashes are stored."""

from dataclasses import asdict
from datetime import UTC, datetime

from backend.domain.one_time_tokens import OneTimeToken, Purpose
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import one_time_token_from
from backend.services.scalable_database.reads import USER

COLLECTION = "one_time_tokens"
PURPOSE = ("purpose", "reset")
EMAIL = ("email", "nobody@example.invalid")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

VALID = Query(
    "one_time_tokens.valid",
    COLLECTION,
    lambda token_hash, purpose, now: {
        "hash": token_hash,
        "purpose": purpose,
        "used_at": None,
        "expires_at": {"$gt": now},
    },
    {"token_hash": ("hash", "none"), "purpose": PURPOSE, "now": ("created_at", LONG_AGO)},
)
RECENT = Query(
    "one_time_tokens.recent",
    COLLECTION,
    lambda email, purpose, since: {"email": email, "purpose": purpose, "created_at": {"$gte": since}},
    {"email": EMAIL, "purpose": PURPOSE, "since": ("created_at", LONG_AGO)},
    sort=(("created_at", -1), ("_id", -1)),
)
OF_USER = Query(
    "one_time_tokens.of_user",
    COLLECTION,
    lambda user_id, purpose: {"user_id": user_id, "purpose": purpose},
    {"user_id": USER, "purpose": PURPOSE},
    kind="write",
)
OF_ADDRESS = Query(
    "one_time_tokens.of_address",
    COLLECTION,
    lambda email, purpose: {"email": email, "purpose": purpose},
    {"email": EMAIL, "purpose": PURPOSE},
    kind="write",
)
QUERIES = (VALID, RECENT, OF_USER, OF_ADDRESS)


class OneTimeTokenRepository:
    """Look-ups by a hash or an address have no user in their filter: who the user is, is what they tell."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def create(self, token: OneTimeToken) -> None:
        with translated():
            await self._database.collection(COLLECTION).insert_one({**asdict(token), "used_at": None})

    async def valid(self, purpose: Purpose, token_hash: str) -> OneTimeToken | None:
        """None: unknown, expired, used, withdrawn, or of another purpose."""
        document = await self._database.find_one(
            VALID, token_hash=token_hash, purpose=purpose, now=self._database.now()
        )
        return one_time_token_from(document) if document else None

    async def redeem(self, purpose: Purpose, token_hash: str) -> OneTimeToken | None:
        """The token, to the one caller that redeems it; None as for valid()."""
        now = self._database.now()
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                VALID.where(token_hash=token_hash, purpose=purpose, now=now), {"$set": {"used_at": now}}
            )
        return one_time_token_from(document) if document else None

    async def spend(self, token_hash: str, expires_at: datetime) -> bool:
        """For what is no token of ours but works once all the same. False: it was spent before."""
        document = {"hash": token_hash, "purpose": "spent", "used_at": self._database.now(), "expires_at": expires_at}
        return await self._database.insert(COLLECTION, document)

    async def recent(self, email: str, purpose: Purpose, since: datetime, limit: int) -> list[OneTimeToken]:
        """Newest first, used and expired ones too."""
        documents = await self._database.find(RECENT, limit=limit, email=email, purpose=purpose, since=since)
        return [one_time_token_from(document) for document in documents]

    async def withdraw(self, user_id: str, purpose: Purpose) -> None:
        with translated():
            await self._database.collection(COLLECTION).delete_many(OF_USER.where(user_id=user_id, purpose=purpose))

    async def withdraw_of_address(self, email: str, purpose: Purpose) -> None:
        with translated():
            await self._database.collection(COLLECTION).delete_many(OF_ADDRESS.where(email=email, purpose=purpose))
