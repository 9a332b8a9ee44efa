"""Messages between workers: publish and subscribe on one connection of its own, which reconnects.

A message is a hint, never the truth: one that is sent while a worker is away is lost to it, and after every
(re)connect the handlers of on_gap are told so.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from backend.services.redis_client import PubSub, RedisClient, RedisError
from backend.services.tasks import end

PING_EVERY_S = 0.25
UNANSWERED = 3
RETRY_S = 0.25
START_WAIT_S = 1.0

log = structlog.get_logger()


class Bus:
    """Subscribe first, then start(). Handlers run on the event loop and must not wait.

    connected: messages arrive. A connection that died silently is noticed after UNANSWERED pings.
    """

    def __init__(self, redis: RedisClient) -> None:
        self.connected = False
        self._redis = redis
        self._handlers: dict[bytes, list[Callable[[bytes], None]]] = {self._name("idle").encode(): []}
        self._gap_handlers: list[Callable[[], None]] = []
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> None:
        self._handlers.setdefault(self._name(channel).encode(), []).append(handler)

    def on_gap(self, handler: Callable[[], None]) -> None:
        """Called after every connect, the first one included: messages may have been missed before it."""
        self._gap_handlers.append(handler)

    async def publish(self, channel: str, payload: bytes) -> None:
        """To every worker, this one included. Raises RedisUnavailable."""
        await self._redis.run(lambda redis: redis.publish(self._name(channel), payload))

    async def start(self) -> None:
        """Returns when messages arrive, or when the first attempt to connect has failed."""
        self._task = asyncio.create_task(self._serve())
        with suppress(TimeoutError):
            async with asyncio.timeout(START_WAIT_S):
                await self._tried.wait()

    async def close(self) -> None:
        await end(self._task)

    def _name(self, channel: str) -> str:
        return f"{self._redis.namespace}:bus:{channel}"

    async def _serve(self) -> None:
        while True:
            pubsub = self._redis.pubsub()
            try:
                async with asyncio.timeout(START_WAIT_S):
                    await pubsub.subscribe(*(name.decode() for name in self._handlers))
                await self._listen(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                log.debug("bus_disconnected", error=type(error).__name__)
            finally:
                self.connected = False
                self._tried.set()
                await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.0))  # noqa: S311 (spreads reconnects, no secret)

    async def _listen(self, pubsub: PubSub) -> None:
        """Until the connection fails, or UNANSWERED pings in a row stay without an answer."""
        unconfirmed, unanswered = len(self._handlers), 0
        while unanswered < UNANSWERED:
            message = await pubsub.get_message(timeout=PING_EVERY_S)
            if message is None:
                unanswered += 1
                await pubsub.ping()
                continue
            unanswered = 0
            if message["type"] == "subscribe":
                unconfirmed -= 1
                if unconfirmed == 0:
                    self._subscribed()
            elif message["type"] == "message":
                for handle in self._handlers[message["channel"]]:
                    self._safely(partial(handle, message["data"]))

    def _subscribed(self) -> None:
        self.connected = True
        for handle in self._gap_handlers:
            self._safely(handle)
        self._tried.set()

    def _safely(self, handle: Callable[[], None]) -> None:
        try:
            handle()
        except Exception:  # one subscriber's fault must not deafen the others
            log.exception("bus_handler_failed")
