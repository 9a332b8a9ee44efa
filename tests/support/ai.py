"""EnhancedAIService without any server: a scripted provider, a turn log that remembers, Redis away."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import orjson

from backend.domain.budgets import Budget, Caps
from backend.domain.conversations import Conversation, Message, Turn, TurnOutcome
from backend.domain.models import ModelCatalogue
from backend.domain.preferences import NO_PREFERENCES, UserPreferences
from backend.domain.usage import UsageRecord
from backend.errors import AetherError, IdempotencyMismatch
from backend.services.budgets import BudgetAccounts, Budgets, Controls
from backend.services.bus import Bus
from backend.services.enhanced_ai_service import AgentAsk, EnhancedAIService, TeamAsk
from backend.services.enhanced_ai_service.similar import SimilarWatch
from backend.services.limiter import Limiter
from backend.services.llm.provider import Provider
from backend.services.llm.scripted import ScriptedProvider
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.preferences import Preferences
from backend.services.redis_client import RedisClient
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.idempotency import Beginning, IdempotencyRepository, Replay, Running, Started
from backend.services.repositories.messages import MessageRepository
from backend.services.single_flight import SingleFlight
from backend.services.stream_log import StreamEvent, StreamLog
from backend.services.turn_log import TurnLog
from tests.support.routing import agent_router, complexity_router, worked_answers

NOBODY_LISTENS = "redis://127.0.0.1:9/0"
ADA = "user_ada"


def ask(message: str = "hello", **fields: object) -> AgentAsk:
    return AgentAsk(user_id=ADA, message=message, **fields)  # type: ignore[arg-type]


def ask_team(message: str = "hello", agents: tuple[str, ...] = ("dev", "sage"), **fields: object) -> TeamAsk:
    return TeamAsk(user_id=ADA, message=message, agents=agents, **fields)  # type: ignore[arg-type]


class NoControls:
    """Nobody has a budget of his own."""

    def budget(self, _: str) -> None:
        return None


def opened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class MemoryTurnLog:
    """Keeps the first close of each turn, as the real one does. Clear an event to hold openings or closes back."""

    turns: list[Turn] = field(default_factory=list)
    closes: list[TurnOutcome] = field(default_factory=list)
    outcomes: dict[str, TurnOutcome] = field(default_factory=dict)
    opening: asyncio.Event = field(default_factory=opened)
    closing: asyncio.Event = field(default_factory=opened)
    error: AetherError | None = None

    async def open(self, turn: Turn) -> None:
        self.turns.append(turn)
        await self.opening.wait()

    async def close(self, turn: Turn, outcome: TurnOutcome) -> None:
        self.closes.append(outcome)
        self.outcomes.setdefault(turn.request_id, outcome)
        await self.closing.wait()
        if self.error:
            raise self.error

    async def record(self, turn: Turn, outcome: TurnOutcome) -> None:
        await self.open(turn)
        await self.close(turn, outcome)

    @property
    def calls(self) -> list[UsageRecord]:
        """The ledger."""
        return [call for outcome in self.outcomes.values() for call in outcome.calls]

    @property
    def statuses(self) -> list[str]:
        """How the turns ended, in the order of their beginning; pending: not at all."""
        ended = ((self.outcomes.get(turn.request_id)) for turn in self.turns)
        return [outcome.status if outcome else "pending" for outcome in ended]


@dataclass
class MemoryMonitor:
    """lookups: layer and saving of each."""

    calls: list[UsageRecord] = field(default_factory=list)
    lookups: list[tuple[str | None, int | None]] = field(default_factory=list)
    discrepancies: list[str] = field(default_factory=list)

    def record_ai_metrics(self, record: UsageRecord) -> None:
        self.calls.append(record)

    def record_discrepancy(self, record: UsageRecord) -> None:
        self.discrepancies.append(record.model)

    def record_cache(self, layer: str | None, hit: bool = True, saved: int | None = None) -> None:
        self.lookups.append((layer if hit else None, saved))


@dataclass
class MemoryPreferences:
    """Everybody's preferences."""

    wanted: UserPreferences = NO_PREFERENCES

    async def of(self, _: str) -> UserPreferences:
        return self.wanted


@dataclass
class MemoryMessages:
    """Conversations and messages as the repositories give them."""

    conversations: dict[str, Conversation] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    preferences: MemoryPreferences = field(default_factory=MemoryPreferences)

    async def get(self, user_id: str, some_id: str) -> Conversation | Message | None:
        by_id: Mapping[str, Conversation | Message] = {
            **self.conversations,
            **{message.id: message for message in self.messages},
        }
        found = by_id.get(some_id)
        return found if found and found.user_id == user_id else None

    async def recent(self, user_id: str, conversation_id: str, limit: int) -> list[Message]:
        own = [row for row in self.messages if (row.user_id, row.conversation_id) == (user_id, conversation_id)]
        return own[-limit:]


@dataclass
class MemoryKeys:
    """Idempotency keys. Clear an event to hold a write back; error: what finish and release raise."""

    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    beginning: asyncio.Event = field(default_factory=opened)
    finishing: asyncio.Event = field(default_factory=opened)
    error: AetherError | None = None

    async def begin(self, user_id: str, key: str, body_hash: str, request_id: str, lease_until: datetime) -> Beginning:
        stored = self.keys.setdefault(key, {"body": body_hash, "owner": request_id, "answer": None})
        await self.beginning.wait()
        if stored["body"] != body_hash:
            raise IdempotencyMismatch("another body")
        if stored["answer"] is not None:
            return Replay(stored["answer"], 200)
        return Started() if stored["owner"] == request_id else Running(stored["owner"], lease_until)

    async def finish(self, user_id: str, key: str, request_id: str, response: Mapping[str, Any]) -> bool:
        await self.finishing.wait()
        if self.error:
            raise self.error
        self.keys[key]["answer"] = response
        return True

    async def release(self, user_id: str, key: str, request_id: str) -> None:
        if self.error:
            raise self.error
        if key in self.keys and self.keys[key]["owner"] == request_id and self.keys[key]["answer"] is None:
            del self.keys[key]


@dataclass
class Ai:
    """A service and what surrounds it."""

    service: EnhancedAIService
    provider: ScriptedProvider
    log: MemoryTurnLog
    monitor: MemoryMonitor
    store: MemoryMessages
    streams: StreamLog

    async def events(self, stream_id: str) -> list[tuple[str, dict[str, Any]]]:
        """A stream to its end."""
        return [decoded(event) async for batch in self.streams.read(ADA, stream_id) for event in batch]

    @property
    def unsettled(self) -> int:
        """Upstream calls that nobody has paid for."""
        return len(self.service._single.asker._calls)


def decoded(event: StreamEvent) -> tuple[str, dict[str, Any]]:
    return event.event, orjson.loads(event.data)


@asynccontextmanager
async def running_ai(
    provider: ScriptedProvider,
    *,
    around: Provider | None = None,
    catalogue: ModelCatalogue | None = None,
    drain_s: float = 0.0,
    max_tokens: int = 4096,
    cascade: bool = False,
    similar: SimilarWatch | None = None,
) -> AsyncIterator[Ai]:
    """around: a provider around the scripted one, where a test needs retries or fallback."""
    redis = RedisClient(NOBODY_LISTENS, "test", timeout_s=0.05)
    bus = Bus(redis)
    streams, flights = StreamLog(redis, bus), SingleFlight(redis, across_workers=False)
    log, monitor, store = MemoryTurnLog(), MemoryMonitor(), MemoryMessages()
    service = EnhancedAIService(
        provider=around or provider,
        catalogue=catalogue or ModelCatalogue(),
        cache=PerformanceCache(redis, bus),
        flights=flights,
        limiter=Limiter(redis, chat=None, auth=None, concurrency=None),
        budgets=Budgets(redis, cast(BudgetAccounts, None), cast(Controls, NoControls()), usual=Budget(), caps=Caps()),
        streams=streams,
        turn_log=cast(TurnLog, log),
        monitor=cast(PerformanceMonitor, monitor),
        conversations=cast(ConversationRepository, store),
        messages=cast(MessageRepository, store),
        preferences=cast(Preferences, store.preferences),
        idempotency=cast(IdempotencyRepository, MemoryKeys()),
        complexity=complexity_router(),
        worked_answers=worked_answers(),
        agent_router=agent_router(),
        max_tokens=max_tokens,
        context_tokens=16_000,
        deadline_s=30.0,
        stream_grace_s=20.0,
        drain_s=drain_s,
        cascade=cascade,
        similar=similar,
    )
    await streams.start()
    try:
        yield Ai(service, provider, log, monitor, store, streams)
    finally:
        log.opening.set()
        log.closing.set()
        await service.close()
        await streams.close()
        await flights.close()
        await redis.close()
