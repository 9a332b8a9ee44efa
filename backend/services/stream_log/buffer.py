"""The events of one stream in this process's memory, shared by all readers here."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from itertools import takewhile

from backend.services.stream_log.events import INTERRUPTED, StreamEvent

BATCH_EVENTS = 256
BATCH_BYTES = 256 * 1024


class Signal:
    """Wakes everybody who waits; who comes later waits for the next time."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def send(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    def wait(self) -> Awaitable[object]:
        """Ends at the next send() after this call, however late it is awaited."""
        return self._event.wait()


class EventBuffer:
    """Readers share one list, so a slow one costs nothing beyond the stream itself."""

    def __init__(self) -> None:
        self.events: list[StreamEvent] = []
        self.bytes = 0
        self.readers = 0
        self.interrupted = False
        self.attendance = Signal()
        self._change = Signal()

    @property
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1].ends

    def append(self, event: StreamEvent) -> None:
        self.events.append(event)
        self.bytes += len(event.data)
        self._change.send()

    def interrupt(self) -> None:
        """No more events will come: readers end with an error, which is not part of the stream."""
        self.interrupted = True
        self._change.send()

    def batch(self, start: int) -> list[StreamEvent]:
        """The next events after the first `start`, as many as one write to Redis may hold, at least one."""
        size = 0

        def fits(event: StreamEvent) -> bool:
            nonlocal size
            size += len(event.data)
            return size <= BATCH_BYTES or event.id == start + 1

        return list(takewhile(fits, self.events[start : start + BATCH_EVENTS]))

    async def read(self, after: int) -> AsyncGenerator[StreamEvent, None]:
        """Events with an id above `after`, as they come, up to the last one of the stream."""
        position = max(0, after)
        self.readers += 1
        self.attendance.send()
        try:
            while True:
                while position < len(self.events):
                    event = self.events[position]
                    position += 1
                    yield event
                if self.ended:
                    return
                if self.interrupted:
                    yield StreamEvent(position, "error", INTERRUPTED)
                    return
                await self._change.wait()
        finally:
            self.readers -= 1
            self.attendance.send()
