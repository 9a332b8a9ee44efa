"""Updates as they go over the bus and into streams: the event's name and one line of JSON."""

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


def encode(topic: str, frame: Frame) -> bytes:
    return SEPARATOR.join((topic.encode(), frame.event, frame.data))


def decode(payload: bytes) -> tuple[str, Frame]:
    """Raises ValueError."""
    topic, event, data = payload.split(SEPARATOR)
    return topic.decode(), Frame(event, data)
