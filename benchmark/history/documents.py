"""The documents of a history, conversation by conversation, made as the turn log makes them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bson import Int64, ObjectId

from backend.domain.conversations import Turn, TurnOutcome, title_of
from backend.domain.feedback import Feedback
from backend.domain.models import ModelCatalogue
from backend.services.turn_log import documents
from backend.services.turn_log.counters import MONEY, counters_of, utc_day
from benchmark.history.exchange import LIFETIME, Exchanges, choose_agent
from benchmark.history.outline import Extent, Thread, threads
from benchmark.history.words import Texts

Document = dict[str, Any]
PINNED_SHARE, ARCHIVED_SHARE, JUDGED_SHARE, GOOD_SHARE = 0.03, 0.05, 0.04, 0.8
NEXT_DAY_SHARE = 0.1
"""Of turns: the conversation goes on a day later, not within minutes."""
PAUSE_S, DAY_S = 240.0, 86_400.0


@dataclass(slots=True)
class Batch:
    """Documents by collection."""

    documents: dict[str, list[Document]] = field(default_factory=dict)

    def add(self, collection: str, found: Sequence[Document]) -> None:
        self.documents.setdefault(collection, []).extend(found)


class History:
    """The same documents for the same extent, ids included."""

    def __init__(self, extent: Extent, texts: Texts | None = None) -> None:
        self.extent = extent
        self._texts = texts or Texts(Random(extent.seed))  # noqa: S311 - no secret: the same for everybody
        self._exchanges = Exchanges(self._texts, ModelCatalogue())
        self._object_ids = 0

    def users(self) -> list[Document]:
        """Accounts without a password."""
        return [
            {
                "_id": user_id(rank),
                "email": address(rank),
                "password_hash": None,
                "name": f"User {rank}",
                "role": "user",
                "plan": "free",
                "is_premium": False,
                "verified_at": None,
                "locale": "en",
                "created_at": self.extent.begins,
            }
            for rank in range(self.extent.users)
        ]

    def batches(self) -> Iterator[Batch]:
        """One a conversation, in the order in which they began; the daily counters of a day once it is over."""
        counters = DailyCounters()
        day = ""
        for thread in threads(self.extent, Random(self.extent.seed)):  # noqa: S311
            began = utc_day(self._instant(thread))
            batch = self._conversation(thread, counters)
            if began != day:
                day = began
                batch.add("usage_daily", [self._stamped(row) for row in counters.take_before(day)])
            yield batch
        rest = Batch()
        rest.add("usage_daily", [self._stamped(row) for row in counters.take_before("9999")])
        yield rest

    def _instant(self, thread: Thread) -> datetime:
        instant = self.extent.begins + timedelta(seconds=thread.starts_at)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    def _conversation(self, thread: Thread, counters: "DailyCounters") -> Batch:
        rng = Random(self.extent.seed * 1_000_003 + thread.number)  # noqa: S311
        batch = Batch()
        conversation: Document = {}
        at, last = self._instant(thread), None
        conversation_id = _id(rng, "conv", at)
        for number in range(thread.turns):
            question = self._question(rng, thread.number)
            title = None if last else title_of(question)
            turn = _turn(rng, user_id(thread.user), conversation_id, at, question, last, title)
            outcome = self._exchanges.outcome(rng, turn)
            self._store(batch, turn, outcome)
            counters.add(turn, outcome)
            if last is None:
                conversation = documents.new_conversation(turn, str(title), 0)
            _advance(conversation, turn, outcome)
            batch.add("feedback", _feedback(rng, turn, outcome))
            last = turn.message_id
            at = self._next(rng, outcome.finished_at, thread.turns - number)
        conversation["pinned"] = rng.random() < PINNED_SHARE
        conversation["archived"] = rng.random() < ARCHIVED_SHARE
        batch.add("conversations", [conversation])
        return batch

    def _question(self, rng: Random, number: int) -> str:
        """With a word that only this conversation has."""
        return f"Case{number} {self._texts.sentence(rng)}"

    def _next(self, rng: Random, now: datetime, left: int) -> datetime:
        """When the next of the turns that are left is asked: within the history."""
        pause = DAY_S if rng.random() < NEXT_DAY_SHARE else 20 + rng.random() * PAUSE_S
        room = (self.extent.ends - now).total_seconds() / (left + 1)
        instant = now + timedelta(seconds=min(pause, room))
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    def _store(self, batch: Batch, turn: Turn, outcome: TurnOutcome) -> None:
        question = documents.question(turn, turn.content or "")
        answer = documents.finished_answer(turn, outcome)
        batch.add("messages", [self._stamped(question), self._stamped(answer)])
        batch.add("ai_usage", [self._stamped(documents.ledger_record(turn, call)) for call in outcome.calls])

    def _stamped(self, document: Document) -> Document:
        """With an _id that is the same each time."""
        self._object_ids += 1
        document["_id"] = ObjectId(self._object_ids.to_bytes(12, "big"))
        return document


class DailyCounters:
    """The daily counters by day: what all turns have added to them so far."""

    def __init__(self) -> None:
        self._days: dict[str, dict[tuple[str, ...], Document]] = {}

    def add(self, turn: Turn, outcome: TurnOutcome) -> None:
        for update in counters_of(turn, outcome).updates():
            key = tuple(update.filter.values())
            row = self._days.setdefault(update.filter["day"], {}).setdefault(key, dict(update.filter))
            for name, amount in update.update["$inc"].items():
                total = row.get(name, 0) + amount
                row[name] = Int64(total) if name in MONEY else total

    def take_before(self, day: str) -> Iterator[Document]:
        """The rows of earlier days, once."""
        for done in [one for one in sorted(self._days) if one < day]:
            yield from self._days.pop(done).values()


def user_id(rank: int) -> str:
    return f"user_{rank:032x}"


def address(rank: int) -> str:
    return f"user{rank}@example.com"


def _id(rng: Random, prefix: str, at: datetime) -> str:
    """As new_id() makes them: the time, then chance."""
    return f"{prefix}_{int(at.timestamp() * 1000):012x}7{rng.getrandbits(76):019x}"


def _turn(
    rng: Random, user: str, conversation_id: str, at: datetime, question: str, parent: str | None, title: str | None
) -> Turn:
    return Turn(
        user_id=user,
        conversation_id=conversation_id,
        request_id=_id(rng, "req", at),
        user_message_id=_id(rng, "msg", at),
        message_id=_id(rng, "msg", at),
        parent_id=parent,
        content=question,
        agent=choose_agent(rng),
        created_at=at,
        expires_at=at + LIFETIME,
        title=title,
    )


def _advance(conversation: Document, turn: Turn, outcome: TurnOutcome) -> None:
    """What the turn log changes of a conversation when a turn opens and closes."""
    conversation["message_count"] += 2
    conversation["updated_at"] = outcome.finished_at
    conversation["last_message_id"] = turn.message_id
    conversation["last_message"] = documents.preview("assistant", outcome.content, outcome.finished_at)
    conversation["cost"] = Int64(conversation["cost"] + sum(call.cost or 0 for call in outcome.calls))


def _feedback(rng: Random, turn: Turn, outcome: TurnOutcome) -> list[Document]:
    if rng.random() >= JUDGED_SHARE:
        return []
    verdict = Feedback(
        user_id=turn.user_id,
        message_id=turn.message_id,
        conversation_id=turn.conversation_id,
        rating="up" if rng.random() < GOOD_SHARE else "down",
        comment=None,
        agent=turn.agent,
        model=str(outcome.receipt.get("model_used") or outcome.receipt.get("synthesis_model")),
        rated_at=outcome.finished_at,
    )
    return [{"_id": _id(rng, "fb", outcome.finished_at), **asdict(verdict), "day": utc_day(outcome.finished_at)}]
