"""Streams that the simulator paces by one timer."""

import asyncio
from collections.abc import Iterator

from backend.simulator.pacing import Pacer


async def test_streams_are_played_side_by_side_and_their_events_made_when_they_are_due() -> None:
    clock = asyncio.get_running_loop().time
    pacer, first_at = Pacer(clock), clock()
    made: list[float] = []
    written: list[bytes] = []

    def events(name: bytes) -> Iterator[bytes]:
        for _ in range(3):
            made.append(clock())
            yield name

    await asyncio.gather(*(pacer.play(events(name), written.append, first_at, 200.0) for name in (b"a", b"b")))
    assert written == [b"a", b"b"] * 3
    assert made[-1] >= first_at + 2 / 200


async def test_a_stream_that_is_cancelled_holds_back_no_other() -> None:
    pacer = Pacer(asyncio.get_running_loop().time)
    now = asyncio.get_running_loop().time()
    lost: list[bytes] = []
    gone = asyncio.create_task(pacer.play(iter([b"x"] * 2), lost.append, now + 0.002, 1000.0))
    await asyncio.sleep(0)
    gone.cancel()
    written: list[bytes] = []
    await pacer.play(iter([b"y"] * 3), written.append, now + 0.004, 1000.0)
    assert (lost, written) == ([], [b"y"] * 3)
