"""PerformanceCache: answers, sessions and our own results in layers from this process's memory down to Redis."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar, cast

import structlog

from backend.errors import CacheUnavailable
from backend.services.bus import Bus
from backend.services.performance_cache import functions
from backend.services.performance_cache.answers import CachedAnswer, Hit, HitLayer, answer_key
from backend.services.performance_cache.layers import Layer, MemoryLayer
from backend.services.performance_cache.semantic import SemanticIndex
from backend.services.performance_cache.shared import RedisLayer
from backend.services.performance_cache.stack import Found, LayerStack
from backend.services.redis_client import RedisClient, RedisUnavailable

P = ParamSpec("P")
T = TypeVar("T")
Sampling = Mapping[str, str | int | float | None]
ANSWER_TTL_S = 86_400
SESSION_TTL_S = 1_800
SESSION_KEY = "session"
SESSION_LAYERS = ("l2", "l3")
CLEAR_CHANNEL = "cache.clear"
DROP_CHANNEL = "cache.drop"

log = structlog.get_logger()


def standard_layers(clock: Callable[[], float] = time.time) -> tuple[Layer, ...]:
    """The layers in this process's memory, nearest first: a new one is a class and a row here."""
    return (
        MemoryLayer("l1", capacity=10_000, ttl_s=300, clock=clock),
        MemoryLayer("l2", capacity=5_000, ttl_s=1_800, clock=clock),
    )


class PerformanceCache:
    """One user's entries are never another's: see LayerStack for how a read makes sure."""

    def __init__(
        self,
        redis: RedisClient,
        bus: Bus,
        *,
        source: str = "",
        answer_ttl_s: float = ANSWER_TTL_S,
        clock: Callable[[], float] = time.time,
        layers: Sequence[Layer] | None = None,
    ) -> None:
        """source: who answers; what another source answered before a restart is not found. clock: seconds since 1970.

        layers: instead of standard_layers() above the one in Redis.
        """
        memory = standard_layers(clock) if layers is None else layers
        self._shared = RedisLayer("l3", redis, source=source, clock=clock)
        self._stack = LayerStack((*memory, self._shared), clock)
        self._questions = SemanticIndex(self._stack, ttl_s=answer_ttl_s)
        self._bus = bus
        self._answer_ttl_s = answer_ttl_s
        self._clock = clock
        bus.subscribe(CLEAR_CHANNEL, self._on_clear)
        bus.subscribe(DROP_CHANNEL, self._on_drop)
        bus.on_gap(self._stack.drop_all)

    def peek(self, user_id: str, key: str) -> Hit | None:
        """An answer from this process's memory only."""
        return self._hit(user_id, key, self._stack.peek(user_id, key))

    def accept(self, user_id: str, key: str, stored: bytes | None) -> Hit | None:
        """An answer that somebody else read under l3_key(): verified, and kept for the time that it has left."""
        item = self._shared.parse(user_id, stored)
        return self._hit(user_id, key, self._stack.found(self._shared, user_id, key, item))

    async def get(self, user_id: str, key: str) -> Hit | None:
        """An answer from any layer. Redis away: from memory."""
        return self._hit(user_id, key, await self._stack.get(user_id, key))

    async def look_again(self, user_id: str, key: str) -> Hit | None:
        """An answer that was put since a look-up found none. Finding none again is not counted as another miss."""
        try:
            stored = await self._shared.read(user_id, key)
        except RedisUnavailable:
            return self.peek(user_id, key)
        return self.accept(user_id, key, stored) if stored else None

    async def put(self, user_id: str, key: str, answer: CachedAnswer) -> None:
        """Into every layer. Redis away: into memory. Raises ValueError for another user's answer."""
        if answer.user_id != user_id:
            raise ValueError("an answer is cached for its owner only")
        await self._stack.put(user_id, key, answer.encode(), self._answer_ttl_s)

    async def find_similar(self, user_id: str, scope: str, question: str) -> Hit | None:
        """The answer to a question of the user's that asks the same in other words. scope: see SemanticIndex."""
        known = await self._questions.find(user_id, scope, question)
        hit = await self.get(user_id, known.key) if known else None
        if hit is None or known is None:
            return None
        return replace(hit, layer="similar", question=known.question, similarity=known.similarity)

    async def remember_question(self, user_id: str, scope: str, question: str, key: str) -> None:
        """That a question was answered under this key."""
        await self._questions.remember(user_id, scope, question, key)

    def l3_key(self, user_id: str, key: str) -> str:
        """The Redis key whose value accept() takes."""
        return self._shared.key(user_id, key)

    async def get_cached_ai_response(
        self,
        query: str,
        model: str,
        user_id: str,
        context_hash: str,
        *,
        agent: str,
        prompt_version: str,
        sampling: Sampling,
    ) -> Hit | None:
        key = _key(query, model, user_id, context_hash, agent, prompt_version, sampling)
        return await self.get(user_id, key)

    async def cache_ai_response(
        self,
        query: str,
        model: str,
        user_id: str,
        context_hash: str,
        *,
        agent: str,
        prompt_version: str,
        sampling: Sampling,
        answer: CachedAnswer,
    ) -> None:
        key = _key(query, model, user_id, context_hash, agent, prompt_version, sampling)
        await self.put(user_id, key, answer)

    async def clear_user(self, user_id: str) -> dict[str, int]:
        """Everything cached for the user, on every worker within 1 s; counts by layer (memory: of this worker).

        Raises CacheUnavailable, with this worker's memory cleared, where Redis is away.
        """
        counts = self._stack.drop_user(user_id)
        try:
            removed, epoch = await self._shared.clear_user(user_id)
            self._shared.learn_epoch(user_id, epoch)
            self._stack.drop_user(user_id)  # what was found while Redis cleared
            await self._bus.publish(CLEAR_CHANNEL, f"{epoch} {user_id}".encode())
        except RedisUnavailable as error:
            raise CacheUnavailable("Cached answers on other workers could not be cleared.", retry_after=1.0) from error
        return {**counts, self._shared.name: removed}

    async def get_session(self, user_id: str) -> bytes | None:
        found = await self._stack.get(user_id, SESSION_KEY, self._stack.select(SESSION_LAYERS))
        return None if found is None else found[1]

    async def set_session(self, user_id: str, value: bytes | None) -> None:
        """None removes it. Other workers forget their copy; Redis away: this worker's copy alone changes."""
        self._stack.drop(user_id, SESSION_KEY)
        try:
            if value is None:
                await self._shared.remove(user_id, SESSION_KEY)
            else:
                layers = self._stack.select(SESSION_LAYERS)
                await self._stack.put(user_id, SESSION_KEY, value, SESSION_TTL_S, layers)
            await self._bus.publish(DROP_CHANNEL, f"{SESSION_KEY} {user_id}".encode())
        except RedisUnavailable:
            log.debug("session_not_shared")

    def cached_response(
        self, ttl: float, cache_layers: Sequence[str] = ("l1", "l3")
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
        """Caches for ttl seconds what an async function with an argument user_id returns (JSON values only)."""
        layers = self._stack.select(cache_layers)

        async def read(user_id: str, key: str) -> bytes | None:
            found = await self._stack.get(user_id, key, layers)
            return None if found is None else found[1]

        async def write(user_id: str, key: str, body: bytes) -> None:
            await self._stack.put(user_id, key, body, ttl, layers)

        return functions.cached(ttl, read, write, clock=self._clock)

    def statistics(self) -> dict[str, dict[str, int] | int]:
        """By layer: hits, misses, evictions, items and bytes held; rejected: values that were not the reader's own."""
        return self._stack.statistics()

    def _hit(self, user_id: str, key: str, found: Found | None) -> Hit | None:
        if found is None:
            return None
        layer, body = found
        try:
            answer = CachedAnswer.decode(body)
        except (ValueError, TypeError, KeyError):  # the owner's, yet no answer: a miss
            self._stack.reject(layer, user_id, key)
            return None
        return Hit(answer, cast(HitLayer, layer), max(0.0, self._clock() - answer.created_at.timestamp()))

    def _on_clear(self, payload: bytes) -> None:
        epoch, _, user_id = payload.decode().partition(" ")
        self._shared.learn_epoch(user_id, int(epoch))
        self._stack.drop_user(user_id)

    def _on_drop(self, payload: bytes) -> None:
        key, _, user_id = payload.decode().partition(" ")
        self._stack.drop(user_id, key)


def _key(
    query: str,
    model: str,
    user_id: str,
    context_hash: str,
    agent: str,
    prompt_version: str,
    sampling: Sampling,
) -> str:
    return answer_key(
        user_id=user_id,
        agent=agent,
        prompt_version=prompt_version,
        model=model,
        sampling=sampling,
        instructions="",
        message=query,
        context_hash=context_hash,
    )
