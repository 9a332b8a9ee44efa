"""What waits for one reader of updates."""

import asyncio
from collections import deque
from contextlib import suppress

from backend.services.updates.frames import RESYNC_FRAME, Frame

WAITING_MAX = 100


class Subscription:
    """Frames in order. Where a reader is too slow, what waits for it gives way to one resync: memory is bounded."""

    def __init__(self) -> None:
        self.ended = False
        self._waiting: deque[Frame] = deque()
        self._changed = asyncio.Event()

    def put(self, frame: Frame) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            frame = RESYNC_FRAME
        self._waiting.append(frame)
        self._changed.set()

    def end(self) -> None:
        self.ended = True
        self._changed.set()

    async def next(self, wait_s: float) -> Frame | None:
        """None: nothing came within wait_s seconds, or it has ended."""
        if not self._waiting and not self.ended:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        return self._waiting.popleft() if self._waiting else None
