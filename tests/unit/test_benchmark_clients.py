"""Streams as load clients read them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmark.clients.events import Blocks, TokenMeter

STREAM = (
    b"id: 1\nevent: metadata\ndata: {}\n\n"
    b'id: 2\nevent: token\ndata: {"content":"1000 "}\n\n'
    b'id: 3\nevent: token\ndata: {"content":"1500 "}\n\n'
    b'id: 4\nevent: done\ndata: {"finish_reason":"stop"}\n\n'
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_is_read_the_same_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    blocks = Blocks()
    assert [block for piece in pieces for block in blocks.feed(piece)] == STREAM.split(b"\n\n")[:-1]
    meter = TokenMeter([], clock=lambda: 2_001_000)
    for piece in pieces:
        meter(piece)
    assert (meter.tokens, meter.delays, meter.done) == (2, [2.0, 1.9995], True)


def test_a_stream_that_broke_off_is_not_done() -> None:
    meter = TokenMeter([])
    meter(STREAM[: STREAM.index(b"id: 4") + 20])
    assert not meter.done


def test_the_vendors_own_tokens_are_timed_too() -> None:
    meter = TokenMeter([], clock=lambda: 1_000_004)
    meter(b'data: {"choices":[{"index":0,"delta":{"content":"4 "},"logprobs":null}]}\n\n')
    assert meter.delays == [1.0]
