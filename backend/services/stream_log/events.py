"""Events of a stream, one by one and in the batches in which Redis keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import orjson

TERMINAL = frozenset({"done", "error"})
INTERRUPTED = orjson.dumps(
    {
        "type": "urn:aether:problem:stream_interrupted",
        "title": "The stream was interrupted",
        "status": 503,
        "detail": "The worker that wrote this stream is gone: ask again.",
        "code": "stream_interrupted",
    }
)


class StreamId(NamedTuple):
    """A stream is always named together with its owner, so that another user's is unknown."""

    user_id: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """id: 1 for the first event of a stream, without gaps. data: JSON."""

    id: int
    event: str
    data: bytes


def encode(events: Iterable[StreamEvent]) -> bytes:
    return orjson.dumps([[event.id, event.event, event.data.decode()] for event in events])


def decode(batch: bytes) -> list[StreamEvent]:
    return [StreamEvent(number, event, data.encode()) for number, event, data in orjson.loads(batch)]
