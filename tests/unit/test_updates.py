"""Live updates on one worker: who hears what, for how long, and what a slow reader gets."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from backend.domain.updates import RESYNC, conversation_changed
from backend.errors import Overloaded, RateLimited
from backend.services.updates import Frame, Updates
from backend.services.updates.subscription import WAITING_MAX
from backend.services.updates.updates import STREAMS_PER_USER
from tests.support.bus import Bus, Network
from tests.support.monitoring import Clock

ADA, EVE = "user_ada", "user_eve"
WITHIN_S = 5.0


class Reader:
    """allowed: whether its sign-in holds."""

    def __init__(self, updates: Updates, user_id: str = ADA, *, is_admin: bool = False) -> None:
        self.allowed = True
        self._frames: AsyncGenerator[Frame | None, None] = updates.follow(
            user_id, is_admin=is_admin, allowed=lambda: self.allowed
        )

    async def next(self) -> str | None:
        """An event with its data, "heartbeat", None at the end."""
        async with asyncio.timeout(WITHIN_S):
            try:
                frame = await anext(self._frames)
            except StopAsyncIteration:
                return None
        return f"{frame.event.decode()} {frame.data.decode()}" if frame else "heartbeat"

    async def ready(self) -> "Reader":
        assert await self.next() == "ready {}"
        return self

    async def leave(self) -> None:
        await self._frames.aclose()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def updates(network: Network, clock: Clock) -> Updates:
    return Updates(Bus(network), lifetime_s=60.0, heartbeat_s=0.01, clock=clock)


def changed(number: int) -> str:
    return f'conversation_changed {{"conversation_id":"conv_{number}"}}'


async def after_heartbeats(reader: Reader) -> str | None:
    while (found := await reader.next()) == "heartbeat":
        pass
    return found


async def test_everybody_hears_of_their_own_and_administrators_of_alerts(updates: Updates) -> None:
    one, other = await Reader(updates).ready(), await Reader(updates).ready()
    eve = await Reader(updates, EVE, is_admin=True).ready()
    updates.tell(ADA, conversation_changed("conv_1"))
    updates.tell_admins(conversation_changed("conv_2"))
    assert [await after_heartbeats(reader) for reader in (one, other)] == [changed(1)] * 2
    assert await after_heartbeats(eve) == changed(2)
    assert await one.next() == "heartbeat"


@pytest.mark.parametrize("away", [False, True])
async def test_without_the_bus_this_workers_readers_hear_all_the_same(
    updates: Updates, network: Network, away: bool
) -> None:
    if away:
        network.cut()
    reader = await Reader(updates).ready()
    updates.tell(ADA, conversation_changed("conv_1"))
    assert await after_heartbeats(reader) == changed(1)


class SlowBus(Bus):
    """Counts messages; each is on its way until it is let through."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.sent = 0
        self.way = asyncio.Event()

    async def publish(self, channel: str, payload: bytes) -> None:
        self.sent += 1
        await self.way.wait()
        await super().publish(channel, payload)


async def test_what_is_told_while_a_message_is_on_its_way_goes_out_together(network: Network, clock: Clock) -> None:
    bus = SlowBus(network)
    updates = Updates(bus, lifetime_s=60.0, heartbeat_s=0.01, clock=clock)
    ada, eve = await Reader(updates).ready(), await Reader(updates, EVE).ready()
    updates.tell(ADA, conversation_changed("conv_1"))
    await asyncio.sleep(0)
    for number in (2, 3):
        updates.tell(ADA, conversation_changed(f"conv_{number}"))
        updates.tell(EVE, conversation_changed(f"conv_{number}"))
    bus.way.set()
    assert [await after_heartbeats(ada) for _ in range(3)] == [changed(1), changed(2), changed(3)]
    assert [await after_heartbeats(eve) for _ in range(2)] == [changed(2), changed(3)]
    assert bus.sent == 2
    updates.tell(EVE, conversation_changed("conv_4"))
    assert await after_heartbeats(eve) == changed(4)


async def test_after_a_gap_of_the_bus_everything_is_read_anew(updates: Updates, network: Network) -> None:
    reader = await Reader(updates).ready()
    network.cut()
    network.mend()
    assert await after_heartbeats(reader) == "resync {}"


async def test_a_slow_reader_gets_one_resync_instead_of_a_long_queue(updates: Updates) -> None:
    reader = await Reader(updates).ready()
    for number in range(WAITING_MAX + 1):
        updates.tell(ADA, conversation_changed(f"conv_{number}"))
    await asyncio.sleep(0)
    updates.tell(ADA, conversation_changed("conv_0"))
    assert await after_heartbeats(reader) == f"{RESYNC.event} {{}}"
    assert await after_heartbeats(reader) == changed(0)
    assert await reader.next() == "heartbeat"


async def test_a_stream_ends_with_its_lifetime(updates: Updates, clock: Clock) -> None:
    reader = await Reader(updates).ready()
    clock.pass_s(59)
    assert await reader.next() == "heartbeat"
    clock.pass_s(2)
    assert await reader.next() is None


async def test_who_may_not_read_any_more_gets_nothing_more(updates: Updates) -> None:
    reader = await Reader(updates).ready()
    reader.allowed = False
    updates.tell(ADA, conversation_changed("conv_1"))
    assert await reader.next() is None


async def test_a_user_has_so_many_streams_and_places_come_back(updates: Updates) -> None:
    readers = [await Reader(updates).ready() for _ in range(STREAMS_PER_USER)]
    with pytest.raises(RateLimited) as refused:
        await Reader(updates).next()
    assert refused.value.code == "too_many_concurrent"
    await Reader(updates, EVE).ready()
    await readers[0].leave()
    await Reader(updates).ready()


async def test_a_worker_that_ends_sends_its_readers_away(updates: Updates) -> None:
    reader = await Reader(updates).ready()
    updates.end()
    assert await reader.next() is None
    with pytest.raises(Overloaded) as refused:
        await Reader(updates).next()
    assert refused.value.code == "draining"
    await updates.close()
    updates.tell(ADA, conversation_changed("conv_1"))
