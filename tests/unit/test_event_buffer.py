import asyncio
import tracemalloc

import orjson
from hypothesis import given
from hypothesis import strategies as st

from backend.services.stream_log.buffer import BATCH_BYTES, BATCH_EVENTS, EventBuffer
from backend.services.stream_log.events import StreamEvent, decode, encode

payloads = st.lists(st.integers(1, BATCH_BYTES), max_size=8)


def filled(sizes: list[int]) -> EventBuffer:
    buffer = EventBuffer()
    for size in sizes:
        buffer.append("token", b"x" * size)
    return buffer


@given(payloads)
def test_batches_follow_each_other_without_a_gap_and_within_their_bounds(sizes: list[int]) -> None:
    buffer = filled(sizes)
    stored = 0
    while batch := buffer.batch(stored):
        assert [event.id for event in batch] == list(range(stored + 1, stored + 1 + len(batch)))
        assert len(batch) == 1 or sum(len(event.data) for event in batch) <= BATCH_BYTES
        stored += len(batch)
    assert stored == len(sizes)


def test_a_batch_has_a_bound_of_events() -> None:
    buffer = filled([1] * 1000)
    assert [len(buffer.batch(start)) for start in (0, 900, 1000)] == [BATCH_EVENTS, 100, 0]


@given(st.lists(st.builds(StreamEvent, st.integers(1, 10**6), st.text(), st.text().map(str.encode))))
def test_events_survive_their_encoding(events: list[StreamEvent]) -> None:
    assert decode(encode(events)) == events


async def test_a_reader_that_leaves_is_counted_out_whatever_made_it_leave() -> None:
    buffer = filled([1])
    reader = buffer.read(0)
    await anext(reader)
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    assert buffer.readers == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert buffer.readers == 0


async def test_an_interruption_is_told_to_readers_and_is_no_part_of_the_stream() -> None:
    buffer = filled([1, 1])
    buffer.interrupt()
    assert [[(event.id, event.event) for event in batch] async for batch in buffer.read(1)] == [
        [(2, "token")],
        [(2, "error")],
    ]
    assert len(buffer) == 2


def test_what_is_kept_of_an_event_has_its_own_size_not_that_of_what_it_was_made_in() -> None:
    """What orjson returns is a few bytes in a buffer of 4 KB."""
    tracemalloc.start()
    try:
        buffer = EventBuffer()
        for _ in range(100):
            buffer.append("token", orjson.dumps({"content": "word"}))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100 * 300
