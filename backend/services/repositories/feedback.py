"""Verdicts on answers: one for each user and answer."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date

from backend.domain.feedback import Feedback, Verdicts
from backend.domain.ids import new_id
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import storable
from backend.services.scalable_database.reads import USER

COLLECTION = "feedback"
FIELDS = tuple(field.name for field in fields(Feedback))

OF_MESSAGE = Query(
    "feedback.of_message",
    COLLECTION,
    lambda user_id, message_id: {"user_id": user_id, "message_id": message_id},
    {"user_id": USER, "message_id": ("message_id", "msg_none")},
    kind="write",
)
OF_MESSAGES = Query(
    "feedback.of_messages",
    COLLECTION,
    lambda user_id, message_ids: {"user_id": user_id, "message_id": {"$in": list(message_ids)}},
    {"user_id": USER, "message_ids": ("message_id", ["msg_none"])},
)
OF_CONVERSATION = Query(
    "feedback.of_conversation",
    COLLECTION,
    lambda user_id, conversation_id: {"user_id": user_id, "conversation_id": conversation_id},
    {"user_id": USER, "conversation_id": ("conversation_id", "conv_none")},
    kind="write",
)
TALLIES = Query(
    "feedback.tallies",
    COLLECTION,
    lambda since: {"day": {"$gte": since}},
    {"since": ("day", "2026-01-01")},
    stages=(
        {
            "$group": {
                "_id": {"day": "$day", "agent": "$agent", "model": "$model"},
                "up": {"$sum": {"$cond": [{"$eq": ["$rating", "up"]}, 1, 0]}},
                "down": {"$sum": {"$cond": [{"$eq": ["$rating", "down"]}, 1, 0]}},
            }
        },
    ),
    kind="aggregate",
)
QUERIES = (OF_MESSAGE, OF_MESSAGES, OF_CONVERSATION, TALLIES)


@dataclass(frozen=True, slots=True)
class Tally:
    """All users' verdicts of one day (ISO, UTC) on one agent's answers by one model."""

    day: str
    agent: str
    model: str
    verdicts: Verdicts


class FeedbackRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def put(self, feedback: Feedback) -> Feedback:
        """Instead of an earlier verdict of the same user on the same answer. As it is stored."""
        feedback = replace(feedback, rated_at=storable(feedback.rated_at))
        where = OF_MESSAGE.where(user_id=feedback.user_id, message_id=feedback.message_id)
        document = asdict(feedback) | {"day": feedback.rated_at.astimezone(UTC).date().isoformat()}
        with translated():
            await self._database.collection(COLLECTION).update_one(
                where, {"$set": document, "$setOnInsert": {"_id": new_id("fb")}}, upsert=True
            )
        return feedback

    async def remove(self, user_id: str, message_id: str) -> bool:
        """False: there was none."""
        with translated():
            result = await self._database.collection(COLLECTION).delete_one(
                OF_MESSAGE.where(user_id=user_id, message_id=message_id)
            )
        return bool(result.deleted_count)

    async def of_messages(self, user_id: str, message_ids: Iterable[str]) -> dict[str, Feedback]:
        """By message; those that the user has not judged are left out."""
        wanted: Sequence[str] = tuple(message_ids)
        if not wanted:
            return {}
        rows = await self._database.find(OF_MESSAGES, limit=len(wanted), user_id=user_id, message_ids=wanted)
        return {row["message_id"]: _feedback_from(row) for row in rows}


class AdminFeedbackRepository:
    """Of all users together, and without their names."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def tallies(self, since: date) -> list[Tally]:
        rows = await self._database.aggregate(TALLIES, since=since.isoformat())
        return [Tally(**row["_id"], verdicts=Verdicts(row["up"], row["down"])) for row in rows]


def _feedback_from(document: Document) -> Feedback:
    return Feedback(**{name: document[name] for name in FIELDS})
