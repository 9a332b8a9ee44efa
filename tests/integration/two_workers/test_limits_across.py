"""What bounds a user and the installation, over two worker processes: requests at once, the switch, budgets, caps."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from backend.domain.usage import parse_usd
from tests.servers import Servers, SimulatorHandle
from tests.support.api_keys import by_key, make_key
from tests.support.application import Account, Served, settings_on
from tests.support.chat import Chat, Json, close_gate, held, open_gate
from tests.support.waiting import eventually
from tests.support.workers import Processes, Workers, connected, two_processes

CONCURRENCY = 4
WITHIN_S = 1.0
GIVE_UP_S = 10.0
SETTLED_S = 10.0
SPENDING = "/api/admin/spending"
CAP = "0.01"


@pytest.fixture(scope="module")
def bounded(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("bounded")
    with servers.database() as name:
        settings = settings_on(servers, name, folder / "data", limit_concurrency=CONCURRENCY)
        with two_processes(settings, folder) as processes:
            yield processes


@pytest.fixture
async def workers(bounded: Processes, simulator: SimulatorHandle) -> AsyncIterator[Workers]:
    async with connected(bounded) as workers:
        yield workers


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def test_requests_at_once_are_bounded_over_both_workers(workers: Workers, simulator: SimulatorHandle) -> None:
    """Whole answers and streams alike; each worker alone would let all of its own through."""
    both = await workers.user()
    close_gate(simulator)
    asking = [
        asyncio.create_task(both[n % 2].post("chat/stream" if n < 2 else "chat/quick", message=f"At once {n}"))
        for n in range(2 * CONCURRENCY)
    ]
    await eventually(lambda: held(simulator) == CONCURRENCY)
    await eventually(lambda: sum(task.done() for task in asking) == CONCURRENCY)
    refused = [task.result() for task in asking if task.done()]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(429, "too_many_concurrent")}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    open_gate(simulator)
    assert statuses([await task for task in asking]) == {200: CONCURRENCY, 429: CONCURRENCY}

    async def room_for_all() -> bool:
        answers = await asyncio.gather(
            *(both[n % 2].post("chat/quick", message=f"Afterwards {uuid.uuid4()}") for n in range(CONCURRENCY))
        )
        return statuses(list(answers)) == {200: CONCURRENCY}

    await eventually(room_for_all, SETTLED_S)


async def test_a_keys_limit_counts_on_both_workers_beside_no_limit_of_the_user(workers: Workers) -> None:
    on_a, on_b = await workers.user()
    made = await make_key(workers.a, on_a.account, limit="3/hour")
    program = by_key(on_a.account, made["key"])
    both = Chat(workers.a, program), Chat(workers.b, program)
    answers = [await both[n % 2].post("chat/quick", message=f"By a program {n}") for n in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers[:3]] == ["2", "1", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
    assert (await on_b.post("chat/quick", message="By a person")).status_code == 200


class Asking:
    """Asks new questions on both workers until both refuse; when the last one was sent that was still accepted."""

    def __init__(self, chats: tuple[Chat, Chat], refusal: int) -> None:
        self._chats = chats
        self._refusal = refusal
        self._questions = (f"Question {number} {uuid.uuid4()}" for number in count())
        self.last_accepted = 0.0

    async def until_refused(self) -> None:
        async with asyncio.timeout(GIVE_UP_S):
            await asyncio.gather(*(self._on(chat) for chat in self._chats))

    async def all_refused(self) -> bool:
        answers = [await self._ask(chat) for chat in self._chats for _ in range(3)]
        return statuses(answers) == {self._refusal: len(answers)}

    async def _on(self, chat: Chat) -> None:
        while True:
            sent = time.monotonic()
            answer = await self._ask(chat)
            if answer.status_code == self._refusal:
                return
            assert answer.status_code == 200, answer.text
            self.last_accepted = max(self.last_accepted, sent)

    async def _ask(self, chat: Chat) -> httpx.Response:
        return await chat.post("chat/quick", message=next(self._questions))


async def switch(served: Served, admin: Account, *, enabled: bool) -> float:
    """The instant of the answer."""
    answer = await served.client.put(SPENDING, headers=admin.headers, json={"enabled": enabled})
    assert answer.status_code == 200, answer.text
    return time.monotonic()


async def test_the_switch_stops_both_workers_within_a_second(workers: Workers, simulator: SimulatorHandle) -> None:
    admin, both = await workers.a.admin(), await workers.user()
    close_gate(simulator, contains="Under way")
    under_way = [asyncio.create_task(chat.post("chat/quick", message="Under way")) for chat in await workers.user()]
    await eventually(lambda: held(simulator) >= 1)  # both workers may share one call
    asking = Asking(both, 503)
    try:
        refused = asyncio.create_task(asking.until_refused())
        await eventually(lambda: asking.last_accepted > 0)
        switched = await switch(workers.a, admin, enabled=False)
        ended = await asyncio.gather(*under_way)
        assert time.monotonic() - switched <= WITHIN_S, "calls under way are stopped too"
        assert {answer.json()["code"] for answer in ended} == {"model_unavailable"}
        await refused
        assert asking.last_accepted - switched <= WITHIN_S
        assert await asking.all_refused()
    finally:
        open_gate(simulator)
        await switch(workers.b, admin, enabled=True)

    async def on_again() -> bool:
        answers = [await chat.post("chat/quick", message=f"On again {uuid.uuid4()}") for chat in both]
        return statuses(answers) == {200: 2}

    await eventually(on_again)


async def test_a_users_own_budget_holds_on_both_workers_within_a_second(workers: Workers) -> None:
    admin, both = await workers.a.admin(), await workers.user()
    asking = Asking(both, 402)
    refused = asyncio.create_task(asking.until_refused())
    await eventually(lambda: asking.last_accepted > 0)
    path = f"/api/admin/users/{both[0].account.id}/budget"
    answer = await workers.a.client.patch(path, headers=admin.headers, json={"tokens": 1, "cost_usd": None})
    assert answer.status_code == 200, answer.text
    set_at = time.monotonic()
    await refused
    assert asking.last_accepted - set_at <= WITHIN_S
    assert await asking.all_refused()


@pytest.fixture
def capped(servers: Servers, tmp_path: Path) -> Iterator[Processes]:
    with servers.database() as name:
        settings = settings_on(servers, name, tmp_path / "data", spend_cap_hour=CAP)
        with two_processes(settings, tmp_path) as processes:
            yield processes


async def test_the_cap_of_the_installation_holds_over_both_workers(
    capped: Processes, simulator: SimulatorHandle
) -> None:
    async with connected(capped) as workers:
        admin, both = await workers.a.admin(), await workers.user()
        asking = (both[n % 2].post("chat/quick", message=f"Question {n}") for n in range(40))
        assert set(statuses(await asyncio.gather(*asking))) == {200, 402}
        told: Json = (await workers.b.client.get(SPENDING, headers=admin.headers)).json()
        assert 0 < parse_usd(told["spent_hour"]) <= parse_usd(CAP)
