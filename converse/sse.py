"""Reads server-sent events from the lines of a response."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """data: the event's data lines, joined by newlines. id: the last id that was sent, empty before the first."""

    event: str
    data: str
    id: str


async def parse_events(lines: AsyncIterable[bytes]) -> AsyncIterator[ServerEvent]:
    """The events of a text/event-stream body; one that the stream's end cuts off is dropped, as the standard says.

    Lines end in LF or CR LF, which may still be there.
    """
    name, last_id, data = "", "", list[str]()
    async for raw in lines:
        line = raw.decode("utf-8").rstrip("\r\n")
        if not line:
            if data:
                yield ServerEvent(name or "message", "\n".join(data), last_id)
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id":
            last_id = value
