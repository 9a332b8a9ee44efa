"""Updates as they go over the bus and into streams: the event's name and one line of JSON."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from backend.domain.updates import READY, RESYNC, Update

SEPARATOR = b"\n"
"""Between the parts of a message on the bus: in none of them is there a line feed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """event and data (JSON), encoded once, whatever the number of readers."""

    event: bytes
    data: bytes


def frame_of(update: Update) -> Frame:
    return Frame(update.event.encode(), orjson.dumps(update.data))


READY_FRAME, RESYNC_FRAME = frame_of(READY), frame_of(RESYNC)


def encode(told: Iterable[tuple[str, Frame]]) -> bytes:
    """Frames with their topics as one message."""
    return SEPARATOR.join(part for topic, frame in told for part in (topic.encode(), frame.event, frame.data))


def decode(payload: bytes) -> Iterator[tuple[str, Frame]]:
    """Raises ValueError."""
    parts = payload.split(SEPARATOR)
    for topic, event, data in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield topic.decode(), Frame(event, data)
