import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.errors import CacheUnavailable, NotFound
from backend.services.bus import Bus
from backend.services.redis_client import RedisClient
from backend.services.stream_log import StreamEvent, StreamLog, StreamWriter
from backend.services.stream_log.events import StreamId
from tests.support.proxy import proxied
from tests.support.waiting import eventually

USER = "user_1"
LEASE_S = 0.6


class Worker:
    def __init__(
        self, url: str, namespace: str, keep_s: float = 60, presence_s: float = LEASE_S, lease_s: float = LEASE_S
    ) -> None:
        self.redis = RedisClient(url, namespace, timeout_s=1)
        self.bus = Bus(self.redis)
        self.log = StreamLog(self.redis, self.bus, keep_s=keep_s, lease_s=lease_s, presence_s=presence_s)

    async def start(self) -> None:
        await self.bus.start()
        await self.log.start()

    async def die(self) -> None:
        """Stops without a word, as after kill -9."""
        await self.log.close()
        await self.bus.close()

    async def read(self, stream_id: str = "s", after: int = 0, user_id: str = USER) -> list[StreamEvent]:
        return [event async for batch in self.log.read(user_id, stream_id, after) for event in batch]

    def reader(self, stream_id: str = "s", after: int = 0) -> "asyncio.Task[list[StreamEvent]]":
        return asyncio.create_task(self.read(stream_id, after))


@asynccontextmanager
async def worker(
    url: str, namespace: str, keep_s: float = 60, presence_s: float = LEASE_S, lease_s: float = LEASE_S
) -> AsyncIterator[Worker]:
    one = Worker(url, namespace, keep_s, presence_s, lease_s)
    await one.start()
    try:
        yield one
    finally:
        await one.die()
        await one.redis.close()


@pytest.fixture
async def one(redis_url: str, namespace: str) -> AsyncIterator[Worker]:
    async with worker(redis_url, namespace) as first:
        yield first


@pytest.fixture
async def other(redis_url: str, namespace: str) -> AsyncIterator[Worker]:
    async with worker(redis_url, namespace) as second:
        yield second


def token(number: int) -> bytes:
    return orjson.dumps({"content": f"word {number} ż"})


def write(writer: StreamWriter, count: int) -> list[StreamEvent]:
    for _ in range(count):
        writer.append("token", token(len(writer.buffer)))
    return writer.buffer.events()


async def finish(writer: StreamWriter) -> list[StreamEvent]:
    writer.append("done", b"{}")
    await writer.close()
    return writer.buffer.events()


def code(event: StreamEvent) -> object:
    return orjson.loads(event.data)["code"]


async def test_readers_on_both_workers_get_every_event_while_it_is_written(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    readers = [each.reader() for each in (one, other, other)]
    for _ in range(20):
        write(writer, 5)
        await asyncio.sleep(0)
    arrived: list[StreamEvent] = []
    async for batch in other.log.read(USER, "s"):
        arrived += batch
        if arrived[-1].id == 100:
            break
    assert not writer.buffer.ended, "events arrive before the end"
    written = await finish(writer)
    assert [event.id for event in written] == list(range(1, 102))
    assert await asyncio.gather(*readers) == [written] * 3
    assert arrived == written[:100]


async def test_whoever_begins_to_read_elsewhere_waits_for_no_sign_of_life(redis_url: str, namespace: str) -> None:
    """A stream that nobody reads elsewhere is written once in 20 s here."""
    async with worker(redis_url, namespace, lease_s=60) as one, worker(redis_url, namespace, lease_s=60) as other:
        writer = one.log.create(USER, "s")
        write(writer, 1)
        await eventually(lambda: writer.stored == 1)
        write(writer, 5)
        reader = other.reader()
        await eventually(lambda: writer.followed and writer.stored == 6)
        written = await finish(writer)
        assert await reader == written


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_last_event_id_resumes_with_exactly_the_rest(redis_url: str, namespace: str, data: st.DataObject) -> None:
    bursts = data.draw(st.lists(st.integers(0, 300), min_size=1, max_size=4))
    total = sum(bursts) + 1
    after = data.draw(st.lists(st.integers(-1, total + 2), min_size=1, max_size=4))
    name = uuid.uuid4().hex  # every example is a stream of its own

    async def play() -> None:
        async with worker(redis_url, namespace) as one, worker(redis_url, namespace) as other:
            writer = one.log.create(USER, name)
            live = [each.reader(name, number) for number in after for each in (one, other)]
            for burst in bursts:
                write(writer, burst)
                await one.log._flusher.flush(writer)
            written = await finish(writer)
            late = [each.reader(name, number) for number in after for each in (one, other)]
            expected = [written[max(0, number) :] for number in after for _ in range(2)]
            assert await asyncio.gather(*live) == expected
            assert await asyncio.gather(*late) == expected

    asyncio.run(play())


async def test_unknown_streams_and_those_of_others_are_not_found(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    write(writer, 3)
    for each in (one, other):
        with pytest.raises(NotFound):
            await each.read("unknown")
        with pytest.raises(NotFound):
            await each.read("s", user_id="user_2")
        with pytest.raises(NotFound):
            await each.log.cancel("user_2", "s")
        with pytest.raises(NotFound):
            await each.log.cancel(USER, "unknown")
    await finish(writer)


async def test_an_ended_stream_leaves_memory_and_stays_readable(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    write(writer, 600)
    written = await finish(writer)
    await eventually(lambda: not one.log._flusher.writers)
    assert await one.read() == await other.read() == written
    assert await one.read(after=601) == []
    await eventually(lambda: not one.log._follower._copies and not other.log._follower._copies)
    await one.log.cancel(USER, "s")  # too late, and no error
    for key in await one.redis.run(lambda r: r.keys(f"{one.redis.namespace}:*")):
        assert 0 < await one.redis.run(lambda r, key=key: r.pttl(key)) <= 60_000  # type: ignore[misc]


async def test_a_stream_is_cancelled_from_any_worker(one: Worker, other: Worker) -> None:
    for index, canceller in enumerate((one, other)):
        writer = one.log.create(USER, f"s{index}")
        write(writer, 1)
        await eventually(lambda: writer.stored == 1)  # noqa: B023 (awaited at once)
        await canceller.log.cancel(USER, f"s{index}")
        async with asyncio.timeout(1):
            await writer.cancelled.wait()


async def test_a_cancellation_arrives_without_the_bus_too(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    await one.bus.close()
    write(writer, 1)
    await eventually(lambda: writer.stored == 1)
    await other.log.cancel(USER, "s")
    async with asyncio.timeout(2 * LEASE_S):
        await writer.cancelled.wait()


async def test_a_stream_without_readers_is_abandoned_after_its_grace(one: Worker) -> None:
    writer = one.log.create(USER, "s")
    started = time.monotonic()
    async with asyncio.timeout(5):
        await writer.abandoned(0.3)
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_reader_on_any_worker_keeps_a_stream_and_the_grace_begins_when_it_goes(
    one: Worker, other: Worker, elsewhere: bool
) -> None:
    writer = one.log.create(USER, "s")
    write(writer, 1)
    reader = (other if elsewhere else one).reader()
    if elsewhere:
        await eventually(lambda: writer.followed)
    else:
        await eventually(lambda: writer.buffer.readers == 1)
    abandoned = asyncio.create_task(writer.abandoned(0.3))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(abandoned), 1.5)
    reader.cancel()
    await asyncio.wait({reader})
    left = time.monotonic()
    async with asyncio.timeout(5):
        await abandoned
    assert time.monotonic() - left >= 0.2


async def test_a_reader_whose_response_is_cancelled_still_says_that_it_has_gone(redis_url: str, namespace: str) -> None:
    """Servers cancel a response by anyio's scopes, in which every further wait is cancelled too."""
    async with worker(redis_url, namespace) as one, worker(redis_url, namespace, presence_s=60) as other:
        writer = one.log.create(USER, "s")
        write(writer, 1)
        async with anyio.create_task_group() as group:
            group.start_soon(other.read)
            await eventually(lambda: writer.followed)
            group.cancel_scope.cancel()
        await eventually(lambda: not writer.followed, 3)


async def test_readers_elsewhere_notice_that_a_writer_died(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    write(writer, 3)
    reader = other.reader()
    await eventually(lambda: writer.followed and writer.stored == 3)
    await one.die()
    async with asyncio.timeout(LEASE_S * 4):
        events = await reader
    assert events[:3] == writer.buffer.events()
    assert (events[3].id, events[3].event, code(events[3])) == (3, "error", "stream_interrupted")


async def test_a_writer_that_ends_without_a_last_event_is_an_interruption(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    write(writer, 1)
    await writer.close()
    for each in (one, other):
        events = await each.read()
        assert [event.event for event in events] == ["token", "error"]
        assert code(events[1]) == "stream_interrupted"
    assert writer.append("token", b"{}") == 2, "nothing follows the end"
    assert await one.read() == events


async def test_identical_streams_have_one_leader_at_a_time(one: Worker, other: Worker) -> None:
    writers = {name: each.log.create(USER, name) for name, each in (("a", one), ("b", one), ("c", other))}
    assert await one.log.claim(USER, "k", "a") is None
    assert await one.log.claim(USER, "k", "a") is None
    assert await one.log.claim(USER, "k", "b") == "a"
    assert await other.log.claim(USER, "k", "c") == "a"
    assert await other.log.claim("user_2", "k", other.log.create("user_2", "d").name.stream_id) is None
    write(writers["a"], 1)
    await asyncio.sleep(1.5 * LEASE_S)  # the claim is renewed with the lease
    assert await other.log.claim(USER, "k", "c") == "a"
    await finish(writers["a"])
    assert await other.log.claim(USER, "k", "c") is None
    assert await one.log.claim(USER, "k", "b") == "c"
    await other.die()

    async def leads() -> bool:
        return await one.log.claim(USER, "k", "b") is None

    await eventually(leads, within_s=4 * LEASE_S)


async def test_concurrent_claims_have_one_winner(one: Worker, other: Worker) -> None:
    for name in range(20):
        (one if name % 2 else other).log.create(USER, str(name))
    claims = await asyncio.gather(*((one if n % 2 else other).log.claim(USER, "k", str(n)) for n in range(20)))
    leader = claims.index(None)
    assert claims.count(None) == 1
    for number, led_by in enumerate(claims):
        hops = [number]
        while (following := claims[hops[-1]]) is not None:
            hops.append(int(following))
            assert len(hops) <= 3, "two claims of one worker may follow each other, and that one the leader"
        assert hops[-1] == leader
        assert led_by != str(number)


async def test_without_redis_a_worker_reads_resumes_and_leads_alone(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url), worker(url, namespace, keep_s=3) as one:
        await proxy.refuse()
        writer = one.log.create(USER, "s")
        follower = one.log.create(USER, "t")
        assert await one.log.claim(USER, "k", "s") is None
        assert await one.log.claim(USER, "k", "t") == "s"
        reader = one.reader()
        write(writer, 10)
        written = await finish(writer)
        assert await reader == written
        assert await one.read(after=4) == written[4:]
        with pytest.raises(CacheUnavailable):
            await one.read("elsewhere")
        with pytest.raises(CacheUnavailable):
            await one.log.cancel(USER, "elsewhere")
        await finish(follower)
        await eventually(lambda: not one.log._flusher.writers, within_s=6)


async def test_what_was_written_without_redis_is_readable_elsewhere_when_it_is_back(
    redis_url: str, namespace: str
) -> None:
    async with proxied(redis_url) as (proxy, url), worker(url, namespace) as one, worker(redis_url, namespace) as other:
        writer = one.log.create(USER, "s")
        write(writer, 5)
        await eventually(lambda: writer.stored == 5)
        await proxy.refuse()
        write(writer, 5)
        await proxy.start()
        await eventually(lambda: writer.stored == 10)
        written = await finish(writer)
        assert await other.read() == written


async def test_a_redis_that_lost_everything_is_filled_again(one: Worker, other: Worker) -> None:
    writer = one.log.create(USER, "s")
    write(writer, 400)
    reader = other.reader()
    await eventually(lambda: writer.stored == 400)
    keys = await one.redis.run(lambda r: r.keys(f"{one.redis.namespace}:*"))
    await one.redis.run(lambda r: r.delete(*keys))
    write(writer, 5)
    written = await finish(writer)
    assert await reader == written
    await eventually(lambda: not one.log._flusher.writers)
    assert await other.read() == written


async def test_a_write_that_timed_out_but_arrived_is_not_repeated(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url), worker(url, namespace) as one, worker(redis_url, namespace) as other:
        writer = one.log.create(USER, "s")
        write(writer, 3)
        await eventually(lambda: writer.stored == 3)
        proxy.delay_s = lambda: 1.2  # replies are later than the deadline: what was written stays written
        write(writer, 3)
        await asyncio.sleep(1.5)
        proxy.delay_s = lambda: 0.0
        await eventually(lambda: writer.stored == 6)
        written = await finish(writer)
        await eventually(lambda: writer.complete)
        assert await other.read() == written


async def test_a_thousand_readers_on_one_worker(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url), AsyncExitStack() as stack:
        one = await stack.enter_async_context(worker(redis_url, namespace))
        other = await stack.enter_async_context(worker(url, namespace))
        writers = [one.log.create(USER, str(number)) for number in range(1000)]
        for writer in writers:
            writer.append("token", token(0))
        await eventually(lambda: all(writer.stored for writer in writers))
        readers = [other.reader(str(number)) for number in range(1000)]
        for round_ in range(4):
            for writer in writers:
                writer.append("token", token(round_))
            await asyncio.sleep(0.05)
        for writer in writers:
            writer.append("done", b"{}")
        await asyncio.gather(*(writer.close() for writer in writers))
        async with asyncio.timeout(30):
            results = await asyncio.gather(*readers)
        assert all([event.id for event in events] == [1, 2, 3, 4, 5, 6] for events in results)
        assert proxy.connections <= 3, "readers do not cost connections"


async def test_a_slow_reader_holds_back_nobody(one: Worker) -> None:
    writer = one.log.create(USER, "s")
    slow = one.log.read(USER, "s")
    write(writer, 1)
    assert [event.id for event in await anext(slow)] == [1]
    quick = one.reader()
    write(writer, 1000)
    written = await finish(writer)
    assert await quick == written
    assert StreamId(USER, "s") in one.log._flusher.writers, "kept while it is being read"
    assert [event.id async for batch in slow for event in batch] == list(range(2, 1003))
    await eventually(lambda: not one.log._flusher.writers)
