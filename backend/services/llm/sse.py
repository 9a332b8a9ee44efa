"""Server-sent events from bytes, as far as model vendors use them."""

MAX_EVENT_BYTES = 1024 * 1024


class EventTooLarge(ValueError):
    """A line, or the data of one event, is past the bound."""


class EventParser:
    """Collects the data of events from pieces of any size, cut anywhere. Lines end in \\n or \\r\\n.

    Comments and the fields event, id and retry are skipped: vendors put everything into data.
    """

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Data of the events that this piece completes. Raises EventTooLarge."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > self._max_bytes:
            raise EventTooLarge
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._add(line.removesuffix(b"\r"))
            elif self._data and (not line or line == b"\r"):
                events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data, self._size = [], 0
        return events

    def _add(self, line: bytes) -> None:
        self._size += len(line)
        if self._size > self._max_bytes:
            raise EventTooLarge
        self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
