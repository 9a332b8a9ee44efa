"""A gate that holds answers until a test opens it: proof that tokens are relayed while the upstream still produces."""

import asyncio


class Gate:
    """Open at first. Closed, it holds every stream after a number of tokens, and every whole answer before it."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._opened.set()
        self._after = 0
        self._contains = ""
        self.held = 0

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    def close(self, after: int = 0, contains: str = "") -> None:
        """after: tokens let through first. contains: only calls whose last user message has this text are held."""
        self._after = after
        self._contains = contains
        self._opened.clear()

    def open(self) -> None:
        self._opened.set()

    def holds(self, question: str) -> bool:
        return not self._opened.is_set() and self._contains in question

    async def passage(self, question: str, sent: int | None) -> None:
        """Waits while the gate holds a call that has sent this many tokens (None: a whole answer)."""
        if not self.holds(question) or (sent is not None and sent < self._after):
            return
        self.held += 1
        try:
            await self._opened.wait()
        finally:
            self.held -= 1
