"""After a transaction was refused: what is stored decides, entry by entry, what is left to do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from backend.errors import AetherError, Conflict, NotFound
from backend.services.repositories import conversations, messages, usage
from backend.services.scalable_database import Document, ScalableDatabase
from backend.services.turn_log.documents import UNSETTLED
from backend.services.turn_log.entries import Entry, make_ledger_only, make_settling

TurnKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds of a batch: answers and ledger outcomes by (user, request), owners of conversations."""

    answers: dict[TurnKey, Document]
    outcomes: dict[TurnKey, set[str]]
    owners: dict[str, str]


async def read_stored(database: ScalableDatabase, entries: Sequence[Entry]) -> Stored:
    """Three queries, however many entries."""
    asked = {
        "user_ids": {entry.turn.user_id for entry in entries},
        "request_ids": {entry.turn.request_id for entry in entries},
    }
    answers = await database.find(messages.OF_REQUESTS, limit=0, **asked)
    outcomes: dict[TurnKey, set[str]] = defaultdict(set)
    for row in await database.find(usage.OF_REQUESTS, limit=0, **asked):
        outcomes[row["user_id"], row["request_id"]].add(row["outcome"])
    owners = await database.find(
        conversations.OWNERS,
        limit=0,
        user_ids=asked["user_ids"],
        conversation_ids={entry.turn.conversation_id for entry in entries},
    )
    return Stored(
        {(row["user_id"], row["request_id"]): row for row in answers},
        outcomes,
        {row["_id"]: row["user_id"] for row in owners},
    )


def settle(entry: Entry, stored: Stored) -> bool:
    """Acknowledges, fails or changes the entry by what is stored. False: it stands as it was, and is to be written."""
    if entry.opens:
        return _settle_opening(entry, stored)
    return _settle_close(entry, stored)


def _settle_opening(entry: Entry, stored: Stored) -> bool:
    turn = entry.turn
    answer = stored.answers.get((turn.user_id, turn.request_id))
    if answer:
        return _end(entry, None if answer["message_id"] == turn.message_id else Conflict("This request is recorded."))
    exists = stored.owners.get(turn.conversation_id) == turn.user_id
    if turn.title is None and not exists:
        return _end(entry, NotFound("There is no such conversation."))
    if turn.title is not None and exists:
        return _end(entry, Conflict("This conversation exists."))
    return False


def _settle_close(entry: Entry, stored: Stored) -> bool:
    key = (entry.turn.user_id, entry.turn.request_id)
    answer, outcomes = stored.answers.get(key), stored.outcomes.get(key, set())
    if answer and answer["status"] == "pending":
        return False
    if entry.outcome and UNSETTLED in outcomes and (answer is None or answer.get("unsettled")):
        make_settling(entry, entry.outcome, message=answer is not None)
        return True
    if entry.outcome and answer is None and not outcomes and entry.outcome.calls:
        make_ledger_only(entry, entry.outcome)
        return True
    return _end(entry, None)


def _end(entry: Entry, error: AetherError | None) -> bool:
    if error:
        entry.fail(error)
    else:
        entry.acknowledge()
    entry.settled = True
    return True
