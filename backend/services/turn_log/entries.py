"""Entries of the turn log: the writes of one turn's opening or close, ready to share a transaction with others."""

import asyncio
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field

from bson import Int64

from backend.domain.conversations import OPEN, Turn, TurnOutcome
from backend.services.scalable_database import Delete, Document, Insert, Update, Write
from backend.services.turn_log import documents
from backend.services.turn_log.counters import Counters, counters_of, unsettled_counters

OVERHEAD_CHARACTERS = 1_000


@dataclass(slots=True, eq=False)
class Entry:
    """deadline: monotonic instant after which nobody waits for it. outcome None: an opening.

    opens: the turn's messages are inserted, not updated. size: characters, about. settled: nothing is left to do.
    """

    turn: Turn
    outcome: TurnOutcome | None
    opens: bool
    deadline: float
    acknowledged: "asyncio.Future[None]"
    writes: list[Write]
    counters: Counters = field(default_factory=Counters)
    size: int = OVERHEAD_CHARACTERS
    settled: bool = False

    def acknowledge(self) -> None:
        if not self.acknowledged.done():
            self.acknowledged.set_result(None)

    def fail(self, error: Exception) -> None:
        """Each caller gets a copy: an exception collects the trace of everyone who raises it."""
        if not self.acknowledged.done():
            self.acknowledged.set_exception(copy(error))


def opening(turn: Turn) -> list[Write]:
    """The question, and an answer that is still to come."""
    return _inserted(turn, documents.pending_answer(turn))


def _inserted(turn: Turn, answer: Document) -> list[Write]:
    messages: list[Write] = [Insert("messages", answer)]
    # Not updated_at: it is in three indexes, and the close of the turn sets it a moment later.
    update: Document = {"$inc": {"message_count": 1}}
    if turn.content is not None:
        messages.insert(0, Insert("messages", documents.question(turn, turn.content)))
        preview = documents.preview("user", turn.content, turn.created_at)
        update = {"$inc": {"message_count": 2}, "$set": {"last_message": preview}}
    if turn.title is not None:
        conversation = documents.new_conversation(turn, turn.title, len(messages))
        return [Insert("conversations", conversation), *messages]
    return [*messages, Update("conversations", {**_owned(turn), "state": {"$in": list(OPEN)}}, update)]


def _owned(turn: Turn) -> Document:
    return {"_id": turn.conversation_id, "user_id": turn.user_id}


def ledger(turn: Turn, outcome: TurnOutcome) -> list[Write]:
    return [Insert("ai_usage", documents.ledger_record(turn, record)) for record in outcome.calls]


def _conversation_after(turn: Turn, outcome: TurnOutcome) -> Update:
    changed: Document = {"updated_at": outcome.finished_at, "last_message_id": turn.message_id}
    if outcome.content:
        changed["last_message"] = documents.preview("assistant", outcome.content, outcome.finished_at)
    cost = sum(record.cost or 0 for record in outcome.calls)
    return Update("conversations", _owned(turn), {"$set": changed, "$inc": {"cost": Int64(cost)}})


def recording(turn: Turn, outcome: TurnOutcome) -> list[Write]:
    """Question and answer at once."""
    answer = documents.finished_answer(turn, outcome)
    return [*_inserted(turn, answer), *ledger(turn, outcome), _conversation_after(turn, outcome)]


def closing(turn: Turn, outcome: TurnOutcome) -> list[Write]:
    """The answer and what it cost. It matches a pending answer only, so it happens once."""
    return [_answer(turn, outcome, {"status": "pending"}), *ledger(turn, outcome), _conversation_after(turn, outcome)]


def _answer(turn: Turn, outcome: TurnOutcome, state: Document) -> Update:
    change = {"$set": documents.finished_fields(outcome), "$unset": {"expires_at": "", "unsettled": ""}}
    return Update("messages", {"user_id": turn.user_id, "message_id": turn.message_id, **state}, change)


def make_settling(entry: Entry, outcome: TurnOutcome, *, message: bool) -> None:
    """The close of a turn that the sweep had given up: the sweep's record and counters give way to the real ones.

    message False: the conversation is deleted, only the ledger is left.
    """
    turn = entry.turn
    where = {"user_id": turn.user_id, "request_id": turn.request_id, "call": 0, "outcome": documents.UNSETTLED}
    entry.writes = [Delete("ai_usage", where), *ledger(turn, outcome)]
    if message:
        entry.writes += [_answer(turn, outcome, {"unsettled": True}), _conversation_after(turn, outcome)]
    entry.counters = counters_of(turn, outcome)
    asked = turn.created_at + documents.ANSWER_DELAY
    entry.counters.merge(unsettled_counters(turn.user_id, turn.agent, asked, sign=-1))


def make_ledger_only(entry: Entry, outcome: TurnOutcome) -> None:
    """The close of a turn whose conversation was deleted meanwhile: what it cost is owed all the same."""
    entry.writes = ledger(entry.turn, outcome)


ORDER: tuple[tuple[str, type[Write]], ...] = (
    ("ai_usage", Delete),
    ("conversations", Insert),
    ("messages", Insert),
    ("messages", Update),
    ("ai_usage", Insert),
    ("conversations", Update),
    ("usage_daily", Update),
)
"""Documents that only one turn touches come first: a collision with another worker then costs the least."""

RANK = {stage: rank for rank, stage in enumerate(ORDER)}


def merged_writes(entries: Iterable[Entry]) -> list[Write]:
    """One command for each stage of all entries together; equal counters are summed."""
    writes: list[Write] = []
    counters = Counters()
    for entry in entries:
        writes.extend(entry.writes)
        counters.merge(entry.counters)
    writes.extend(counters.updates())
    return sorted(writes, key=lambda write: RANK[write.collection, type(write)])
