"""The events of one stream in this process's memory, shared by all readers here."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from itertools import accumulate

from backend.services.memory import packed
from backend.services.stream_log.events import INTERRUPTED, TERMINAL, StreamEvent

BATCH_EVENTS = 256
BATCH_BYTES = 256 * 1024


class Signal:
    """Wakes everybody who waits; who comes later waits for the next time. It costs nothing where nobody waits."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def send(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def wait(self) -> Awaitable[None]:
        """Ends at the next send() after this call, however late it is awaited."""
        self._loop = self._loop or asyncio.get_running_loop()  # which is a call of the system each time
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(waiter)
        return waiter


class EventBuffer:
    """Readers share what is kept, so a slow one costs nothing beyond the stream itself.

    Kept are names and data, and not an object for each event: of a thousand streams the garbage collector would have
    hundreds of thousands to visit, and nobody is served meanwhile.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._data: list[bytes] = []
        self.bytes = 0
        self.readers = 0
        self.ended = self.interrupted = False
        self.attendance = Signal()
        self._change = Signal()

    def __len__(self) -> int:
        return len(self._data)

    def append(self, event: str, data: bytes) -> None:
        """The next event; its id is the buffer's new length. Kept is a copy: see memory.py."""
        self._names.append(event)
        self._data.append(packed(data))
        self.bytes += len(data)
        self.ended = event in TERMINAL
        self._change.send()

    def events(self, start: int = 0, most: int | None = None) -> list[StreamEvent]:
        """Those after the first `start`, no more than `most`."""
        stop = None if most is None else start + most
        rows = zip(self._names[start:stop], self._data[start:stop], strict=True)
        return [StreamEvent(number, name, data) for number, (name, data) in enumerate(rows, start + 1)]

    def interrupt(self) -> None:
        """No more events will come: readers end with an error, which is not part of the stream."""
        self.interrupted = True
        self._change.send()

    def batch(self, start: int) -> list[StreamEvent]:
        """The next events after the first `start`, as many as one write to Redis may hold, at least one."""
        sizes = accumulate(map(len, self._data[start : start + BATCH_EVENTS]))
        return self.events(start, max(1, sum(size <= BATCH_BYTES for size in sizes)))

    async def read(self, after: int) -> AsyncGenerator[list[StreamEvent], None]:
        """Events with an id above `after`, as they come, up to the last one of the stream: all that are there at once.

        No more than BATCH_EVENTS together, so that a reader who comes late does not hold everybody up.
        """
        position = max(0, after)
        self.readers += 1
        self.attendance.send()
        try:
            while True:
                while batch := self.events(position, BATCH_EVENTS):
                    position += len(batch)
                    yield batch
                if self.ended:
                    return
                if self.interrupted:
                    yield [StreamEvent(position, "error", INTERRUPTED)]
                    return
                await self._change.wait()
        finally:
            self.readers -= 1
            self.attendance.send()
