import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backend.services.bus import Bus
from backend.services.redis_client import RedisClient, RedisUnavailable
from tests.support.proxy import proxied
from tests.support.waiting import eventually


class Worker:
    """A bus with what it has received."""

    def __init__(self, url: str, namespace: str) -> None:
        self.redis = RedisClient(url, namespace, timeout_s=1)
        self.bus = Bus(self.redis)
        self.news: list[bytes] = []
        self.gaps = 0
        self.bus.subscribe("news", self.news.append)
        self.bus.on_gap(self._gap)

    def _gap(self) -> None:
        self.gaps += 1


@asynccontextmanager
async def worker(url: str, namespace: str) -> AsyncIterator[Worker]:
    one = Worker(url, namespace)
    await one.bus.start()
    yield one
    await one.bus.close()
    await one.redis.close()


async def test_a_message_reaches_every_worker_the_sender_included(redis_url: str, namespace: str) -> None:
    async with worker(redis_url, namespace) as one, worker(redis_url, namespace) as other:
        for number in range(100):
            await one.bus.publish("news", str(number).encode())
        await one.bus.publish("unheard", b"nobody listens")
        expected = [str(number).encode() for number in range(100)]
        await eventually(lambda: one.news == expected and other.news == expected)


async def test_namespaces_do_not_hear_each_other(redis_url: str, namespace: str) -> None:
    async with worker(redis_url, namespace) as one, worker(redis_url, f"{namespace}:other") as stranger:
        await stranger.bus.publish("news", b"theirs")
        await one.bus.publish("news", b"ours")
        await eventually(lambda: one.news == [b"ours"] and stranger.news == [b"theirs"])


async def test_a_cut_connection_comes_back_and_the_gap_is_announced(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url), worker(url, namespace) as one:
        assert one.gaps == 1
        await proxy.cut()
        await eventually(lambda: one.gaps == 2)
        await one.bus.publish("news", b"after")
        await eventually(lambda: one.news == [b"after"])


async def test_a_subscriber_that_fails_does_not_deafen_the_others(redis_url: str, namespace: str) -> None:
    async with worker(redis_url, namespace) as one:

        def fail(_payload: bytes) -> None:
            raise ValueError

        one.bus.subscribe("news", fail)
        for _ in range(2):
            await one.bus.publish("news", b"x")
        await eventually(lambda: one.news == [b"x", b"x"])
        assert one.gaps == 1


async def test_a_silent_connection_is_noticed(redis_url: str, namespace: str) -> None:
    """The peer is gone without a word: no error, only silence."""
    async with proxied(redis_url) as (proxy, url), worker(url, namespace) as one:
        connections = proxy.connections
        proxy.pause()
        await eventually(lambda: proxy.connections > connections)
        proxy.resume()
        await eventually(lambda: one.gaps >= 2)


async def test_redis_away_at_the_start(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        await proxy.refuse()
        async with asyncio.timeout(2), worker(url, namespace) as one:
            assert one.gaps == 0
            with pytest.raises(RedisUnavailable):
                await one.bus.publish("news", b"lost")
            await proxy.start()
            await eventually(lambda: one.gaps == 1, within_s=1.5)
