"""RedisClient: the one door to Redis, with a deadline on every call and a breaker over all."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar, cast

import structlog
from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.typing import EncodableT

from backend.services.redis_client.channel import Channel
from backend.services.redis_client.deadline import deadline
from backend.services.redis_client.prober import Prober

__all__ = ["PubSub", "Redis", "RedisClient", "RedisError", "RedisUnavailable", "Script"]

T = TypeVar("T")
TIMEOUT_S = 0.1
CONNECT_TIMEOUT_S = 1.0
POOL_SIZE = 8

log = structlog.get_logger()


class RedisUnavailable(Exception):
    """Redis is away, too slow or refuses: go on without it or say so."""


class _SharedRedis(Redis):
    """redis-py's commands over the shared channel. Pipelines and pub/sub take a connection of the pool instead."""

    def __init__(self, channel: Channel, pool: BlockingConnectionPool) -> None:
        super().__init__(connection_pool=pool)
        self._channel = channel

    async def execute_command(self, *args: EncodableT, **options: object) -> object:
        pending = self._channel.send(*args)
        return await self.parse_response(cast(Connection, pending), str(args[0]), **options)


class Script:
    """A Lua script, called by its hash, and by its text where Redis does not have it (yet, or any more)."""

    def __init__(self, client: "RedisClient", lua: str) -> None:
        self._client = client
        self._lua = lua
        self._sha = hashlib.sha1(lua.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, keys: Sequence[str], args: Sequence[EncodableT] = ()) -> object:
        """The script's reply. All keys carry one hash tag. Raises RedisUnavailable."""

        async def call(redis: Redis) -> object:
            try:
                return await redis.evalsha(self._sha, len(keys), *keys, *args)
            except NoScriptError:
                return await redis.eval(self._lua, len(keys), *keys, *args)

        return await self._client.run(call)


class RedisClient:
    """Many callers, one connection (see channel.py).

    namespace: prefix of every key. timeout_s: the longest that a caller waits for Redis; a timeout counts against
    Redis only where the event loop was free to read the reply. The first failure closes the door to everybody, and
    a probe opens it again: one slow reply costs a few callers, a Redis that is away costs nobody time.
    """

    def __init__(
        self, url: str, namespace: str, *, timeout_s: float = TIMEOUT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.namespace = namespace
        self._timeout_s = timeout_s
        self._clock = clock
        self._closed = False
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=POOL_SIZE,
            timeout=timeout_s,
            protocol=2,
            driver_info=None,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
        )
        self._channel = Channel(self._pool.make_connection, connect_timeout_s=CONNECT_TIMEOUT_S)
        self._redis = _SharedRedis(self._channel, self._pool)
        self._prober = Prober(
            lambda: self._redis.echo("probe"),
            timeout_s=timeout_s,
            reset=self._channel.reset,
            healed=lambda: log.info("redis_available"),
        )

    @property
    def available(self) -> bool:
        return not self._prober.probing

    def key(self, user_id: str, *parts: str) -> str:
        """A key of this user: the hash tag keeps all keys of one user in one slot of a cluster."""
        return ":".join((f"{self.namespace}:{{{user_id}}}", *parts))

    async def run(self, operation: Callable[[Redis], Awaitable[T]]) -> T:
        """The operation's result within timeout_s. Raises RedisUnavailable, at once while Redis is known to be away."""
        if self._prober.probing or self._closed:
            raise RedisUnavailable("away")
        try:
            async with deadline(self._timeout_s):
                return await operation(self._redis)
        except ResponseError as error:
            log.error("redis_refused", error=type(error).__name__)  # noqa: TRY400 (the message may repeat a value)
            raise RedisUnavailable("refused") from error
        except (RedisError, OSError, TimeoutError) as error:
            self._failed(error)
            raise RedisUnavailable(type(error).__name__) from error

    def script(self, lua: str) -> Script:
        return Script(self, lua)

    def pubsub(self) -> PubSub:
        """A subscription on a connection of its own, outside the deadline."""
        return self._redis.pubsub()

    async def ping(self) -> float:
        """Latency in seconds. Raises RedisUnavailable."""
        started = self._clock()
        await self.run(lambda redis: redis.echo("ping"))
        return self._clock() - started

    async def close(self) -> None:
        self._closed = True
        await self._prober.close()
        await self._channel.close()
        await self._pool.aclose()

    def _failed(self, error: Exception) -> None:
        if not self._prober.probing and not self._closed:
            log.warning("redis_unavailable", error=type(error).__name__)
            self._prober.start()
