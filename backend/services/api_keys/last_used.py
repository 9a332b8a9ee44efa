"""When keys were used: noted in memory, written at most once a minute for each key, on nobody's request."""

import asyncio
from contextlib import suppress
from datetime import datetime

from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.api_keys.stores import KeyStore
from backend.services.tasks import end

EVERY_S = 60.0


class LastUsed:
    """Owns its task between start and close."""

    def __init__(self, keys: KeyStore, *, every_s: float = EVERY_S) -> None:
        self._keys = keys
        self._every_s = every_s
        self._noted: dict[tuple[str, str], datetime] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, user_id: str, key_id: str, at: datetime) -> None:
        self._noted[user_id, key_id] = at

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="keys_last_used")

    async def close(self) -> None:
        """Writes what is left, unless the database is away: then the last minute is lost."""
        await end(self._task)
        await self._write()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._write()

    async def _write(self) -> None:
        uses = [(user_id, key_id, at) for (user_id, key_id), at in self._noted.items()]
        self._noted.clear()
        with suppress(DatabaseUnavailable, DeadlineExceeded):
            await self._keys.note_use(uses)
