"""Server-sent events as a load client reads them: cut anywhere, counted, and timed by the instants that they carry."""

import re
import time
from collections.abc import Callable

STAMP = re.compile(rb'"content":"(\d+) "')
"""A token of the simulator's --stamped-tokens, in the vendor's format and in Aether's."""


class Blocks:
    """Puts pieces together again. An event is what stands before an empty line; lines end in \\n."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that this piece completes, each without its empty line."""
        *blocks, self.rest = (self.rest + piece).split(b"\n\n")
        return blocks


class TokenMeter:
    """A sink of one stream: its tokens, and how long after their sending they came.

    delays: milliseconds, appended to; it may be shared by many streams. clock: nanoseconds, the sender's.
    """

    def __init__(self, delays: list[float], clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.delays = delays
        self.tokens = 0
        self.last = b""
        self._blocks = Blocks()
        self._clock = clock

    def __call__(self, piece: bytes) -> None:
        now = self._clock()
        for block in self._blocks.feed(piece):
            self.last = block
            if stamp := STAMP.search(block):
                self.tokens += 1
                self.delays.append((now - int(stamp[1])) / 1e6)

    @property
    def tail(self) -> str:
        """How it ended: its last event, or what else came instead of events."""
        return (self.last or self._blocks.rest).decode(errors="replace")

    @property
    def done(self) -> bool:
        """The stream has ended with its receipt."""
        return b"\nevent: done\n" in self.last
