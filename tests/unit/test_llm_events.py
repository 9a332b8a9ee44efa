"""The event parser: the same events however the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.services.llm.sse import EventParser, EventTooLarge

STREAM = (
    b": welcome\r\ndata: one\r\n\r\nevent: x\ndata:two\nid: 7\n\ndata: a\ndata: b\n\n\n\nretry: 5\n\ndata: [DONE]\n\n"
)
EVENTS = [b"one", b"two", b"a\nb", b"[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_do_not_depend_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parser = EventParser()
    pieces = (STREAM[start:end] for start, end in pairwise(edges))
    assert [event for piece in pieces for event in parser.feed(piece)] == EVENTS


def test_an_event_that_is_not_complete_is_no_event() -> None:
    parser = EventParser()
    assert parser.feed(b"data: half\n") == []
    assert parser.feed(b"\n") == [b"half"]


@pytest.mark.parametrize("end", [b"", b"\n\n"])
def test_a_line_past_the_bound_is_refused_whether_or_not_it_ends(end: bytes) -> None:
    with pytest.raises(EventTooLarge):
        EventParser(max_bytes=100).feed(b"data: " + b"x" * 200 + end)


def test_many_short_lines_of_one_event_are_bounded_together() -> None:
    parser = EventParser(max_bytes=100)
    with pytest.raises(EventTooLarge):
        parser.feed(b"data: 123456\n" * 50)
    for _ in range(5):
        assert EventParser(max_bytes=100).feed(b"data: 123456\n\n")


def test_the_bound_is_per_event_not_per_stream() -> None:
    parser = EventParser(max_bytes=100)
    assert sum(len(parser.feed(b"data: " + b"x" * 80 + b"\n\n")) for _ in range(50)) == 50
