import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.domain.usage import TokenUsage
from backend.errors import DeadlineExceeded, Overloaded, UpstreamError
from backend.services.performance_cache import CachedAnswer
from backend.services.redis_client import RedisClient
from backend.services.single_flight import Recall, SingleFlight
from tests.support.proxy import proxied
from tests.support.waiting import eventually

USER = "user_1"
ANSWER = CachedAnswer(USER, "hello", "why", "stop", "dev", "m", TokenUsage(1, 0, 2, 0), 5, 9, datetime.now(UTC))
Result = tuple[CachedAnswer, bool]


class Upstream:
    """Counts calls; each ends when told to."""

    def __init__(self) -> None:
        self.started = self.cancelled = 0
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> CachedAnswer:
        self.started += 1
        number = self.started
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return replace(ANSWER, content=f"answer {number}")


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def workers(redis_url: str, namespace: str) -> AsyncIterator[tuple[SingleFlight, SingleFlight]]:
    clients = [RedisClient(redis_url, namespace, timeout_s=2) for _ in range(2)]
    one, other = (SingleFlight(client, lease_s=0.6) for client in clients)
    yield one, other
    for flight in (one, other):
        await flight.close()
    for client in clients:
        await client.close()


def ask(worker: SingleFlight, upstream: Upstream, key: str = "k", within_s: float = 30) -> "asyncio.Task[Result]":
    return asyncio.create_task(worker.run(USER, key, upstream, deadline=time.monotonic() + within_s))


async def all_waiting(worker: SingleFlight, count: int, key: str = "k") -> None:
    await eventually(lambda: (USER, key) in worker._flights and worker._flights[USER, key].waiting == count)


async def test_a_hundred_requests_share_one_call_and_one_pays(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    asked = [ask(workers[n % 2], upstream) for n in range(100)]
    await all_waiting(workers[0], 50)
    await all_waiting(workers[1], 50)
    await eventually(lambda: upstream.started == 1)
    upstream.gate.set()
    results = await asyncio.gather(*asked)
    assert {answer.content for answer, _ in results} == {"answer 1"}
    assert [coalesced for _, coalesced in results].count(False) == 1
    assert upstream.started == 1


async def test_other_keys_and_later_requests_make_their_own_call(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    upstream.gate.set()
    one, other = workers
    assert (await ask(one, upstream))[0].content == "answer 1"
    for number, (worker, key) in enumerate([(one, "k"), (other, "k"), (one, "l")], start=2):
        answer, coalesced = await ask(worker, upstream, key)
        assert (answer.content, coalesced) == (f"answer {number}", False)


async def test_a_cancelled_leader_hands_over_the_call_and_the_bill(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    leader, *followers = [ask(workers[0], upstream) for _ in range(3)]
    await eventually(lambda: upstream.started == 1)
    leader.cancel()
    await asyncio.wait({leader})
    assert leader.cancelled()
    upstream.gate.set()
    results = await asyncio.gather(*followers)
    assert [coalesced for _, coalesced in results] == [False, True]
    assert (upstream.started, upstream.cancelled) == (1, 0)


async def test_the_last_one_to_leave_ends_the_call(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    asked = [ask(workers[0], upstream) for _ in range(3)]
    await eventually(lambda: upstream.started == 1)
    for task in asked:
        assert upstream.cancelled == 0
        task.cancel()
        await asyncio.wait({task})
    assert upstream.cancelled == 1
    upstream.gate.set()
    assert (await ask(workers[1], upstream))[0].content == "answer 2", "the lease is free again"


async def test_a_request_that_comes_while_a_call_is_being_ended_makes_its_own(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    ending = asyncio.Event()

    async def slow_to_end() -> CachedAnswer:
        try:
            return await upstream()
        finally:
            await ending.wait()

    first = asyncio.create_task(workers[0].run(USER, "k", slow_to_end, deadline=time.monotonic() + 30))
    await eventually(lambda: upstream.started == 1)
    first.cancel()
    await eventually(lambda: upstream.cancelled == 1)
    second = ask(workers[0], upstream)
    await all_waiting(workers[0], 1)
    ending.set()
    upstream.gate.set()
    answer, coalesced = await second
    assert (answer.content, coalesced) == ("answer 2", False)
    await asyncio.wait({first})


async def test_a_failure_reaches_everybody_who_waits_here(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    upstream.error = UpstreamError("broken")
    asked = [ask(workers[0], upstream) for _ in range(5)]
    await all_waiting(workers[0], 5)
    upstream.gate.set()
    for task in asked:
        with pytest.raises(UpstreamError):
            await task
    assert upstream.started == 1


async def test_when_another_workers_call_fails_this_one_makes_its_own(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    failing = Upstream()
    failing.error = UpstreamError("broken")
    first = ask(workers[0], failing)
    await eventually(lambda: failing.started == 1)
    second = ask(workers[1], upstream)
    await all_waiting(workers[1], 1)
    upstream.gate.set()
    failing.gate.set()
    with pytest.raises(UpstreamError):
        await first
    answer, coalesced = await second
    assert (answer.content, coalesced) == ("answer 1", False)


async def test_each_caller_has_its_own_deadline(workers: tuple[SingleFlight, SingleFlight], upstream: Upstream) -> None:
    patient = ask(workers[0], upstream)
    with pytest.raises(DeadlineExceeded):
        await ask(workers[0], upstream, within_s=0.05)
    assert upstream.cancelled == 0
    upstream.gate.set()
    assert (await patient)[1] is False


async def test_a_lease_is_renewed_while_the_call_runs_and_lapses_with_its_worker(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream
) -> None:
    one, other = workers
    first = ask(one, upstream)
    await eventually(lambda: upstream.started == 1)
    second = ask(other, upstream)
    with pytest.raises(TimeoutError):  # two leases later the other worker still waits
        await asyncio.wait_for(asyncio.shield(second), 1.2)
    assert upstream.started == 1
    one._renew = one._redis.script("return 0")  # as if the worker had stopped
    await eventually(lambda: upstream.started == 2)
    upstream.gate.set()
    assert (await second)[0].content == "answer 2"
    await first


async def test_without_redis_a_worker_still_coalesces(redis_url: str, namespace: str, upstream: Upstream) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        one = SingleFlight(client)
        await proxy.refuse()
        asked = [ask(one, upstream) for _ in range(10)]
        await all_waiting(one, 10)
        upstream.gate.set()
        results = await asyncio.gather(*asked)
        assert upstream.started == 1
        assert [coalesced for _, coalesced in results].count(False) == 1
        await one.close()
        await client.close()


async def test_closing_ends_calls_and_tells_those_who_wait(redis_url: str, namespace: str, upstream: Upstream) -> None:
    client = RedisClient(redis_url, namespace, timeout_s=2)
    one = SingleFlight(client)
    asked = ask(one, upstream)
    await eventually(lambda: upstream.started == 1)
    await one.close()
    with pytest.raises(Overloaded):
        await asked
    assert upstream.cancelled == 1
    await client.close()


async def test_an_answer_that_was_stored_since_the_look_up_is_not_asked_for_again(
    workers: tuple[SingleFlight, SingleFlight], upstream: Upstream, redis_url: str, namespace: str
) -> None:
    client = RedisClient(redis_url, namespace, timeout_s=2)
    key = client.key(USER, "stored")
    recall = Recall(key, lambda stored: replace(ANSWER, content=stored.decode()) if stored else None)
    await client.run(lambda redis: redis.set(key, "stored meanwhile", px=60_000))
    await client.close()
    results = await asyncio.gather(
        *(worker.run(USER, "k", upstream, deadline=time.monotonic() + 30, recall=recall) for worker in workers * 2)
    )
    assert [(answer.content, coalesced) for answer, coalesced in results] == [("stored meanwhile", True)] * 4
    assert upstream.started == 0


async def test_without_redis_a_worker_recalls_what_it_has_itself(namespace: str, upstream: Upstream) -> None:
    client = RedisClient("redis://127.0.0.1:9/0", namespace)
    flights = SingleFlight(client)
    upstream.gate.set()
    remembered: list[CachedAnswer] = [ANSWER]
    recall = Recall("key", lambda stored: remembered[0] if remembered and stored is None else None)
    for expected in (("hello", True), ("answer 1", False)):
        answer, coalesced = await flights.run(USER, "k", upstream, deadline=time.monotonic() + 30, recall=recall)
        assert (answer.content, coalesced) == expected
        remembered.clear()
    await flights.close()
    await client.close()
