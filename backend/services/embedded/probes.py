"""What the start report says of a dependency: its version and how long it takes to answer."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from backend.services.redis_client import RedisClient, RedisUnavailable

DEADLINE_S = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """latency_s of one request on an open connection; None: no answer within the deadline."""

    version: str
    latency_s: float | None


AWAY = Probe("", None)


async def probe_mongo(url: str) -> Probe:
    timeout_ms = int(DEADLINE_S * 1000)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, serverSelectionTimeoutMS=timeout_ms)
    try:
        version = str((await client.admin.command("buildInfo"))["version"])
        return Probe(version, await _timed(client.admin.command("ping")))
    except PyMongoError:
        return AWAY
    finally:
        await client.close()


async def probe_redis(url: str) -> Probe:
    client = RedisClient(url, "probe", timeout_s=DEADLINE_S)
    try:
        info: dict[str, Any] = await client.run(lambda redis: redis.info("server"))
        return Probe(_redis_version(info), await client.ping())
    except RedisUnavailable:
        return AWAY
    finally:
        await client.close()


def _redis_version(info: dict[str, Any]) -> str:
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version') or info.get('redis_version')}"


async def probe_address(host: str, port: int) -> Probe:
    """Only whether a connection can be made: a request would need the key."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one of them
        return AWAY
    writer.close()
    return Probe("", time.monotonic() - started)


async def _timed(request: Awaitable[object]) -> float:
    started = time.monotonic()
    await request
    return time.monotonic() - started
