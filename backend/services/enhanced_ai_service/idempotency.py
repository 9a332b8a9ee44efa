"""Idempotency-Key: the same key and body within 24 h get the stored answer, not a second one."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from backend.domain.ids import new_id
from backend.errors import AetherError, DeadlineExceeded
from backend.services.repositories.idempotency import Beginning, IdempotencyRepository, Replay, Started
from backend.services.tasks import TaskOwner

POLL_S = 0.1
LEASE_MARGIN_S = 30.0


class Idempotency:
    """deadline_s: the longest that a first request may take, and that a second one waits for it."""

    def __init__(self, repository: IdempotencyRepository, tasks: TaskOwner, *, deadline_s: float) -> None:
        self._repository = repository
        self._tasks = tasks
        self._deadline_s = deadline_s

    async def run(
        self, user_id: str, key: str, body: bytes, work: Callable[[], Awaitable[bytes]]
    ) -> tuple[Mapping[str, Any] | bytes, bool]:
        """(answer, replayed): fresh bytes or the stored JSON object.

        A failure frees the key, and so does a caller who leaves, whenever that is. Raises IdempotencyMismatch,
        DeadlineExceeded and what the work raises.
        """
        owner, body_hash = new_id("idem"), hashlib.sha256(body).hexdigest()
        give_up = time.monotonic() + self._deadline_s
        while True:
            state = await self._begin(user_id, key, body_hash, owner)
            if isinstance(state, Replay):
                return state.response, True
            if isinstance(state, Started):
                return await self._first(user_id, key, owner, work), False
            if time.monotonic() > give_up:
                raise DeadlineExceeded("The first request with this key is still running.")
            await asyncio.sleep(POLL_S)

    async def run_through(
        self, user_id: str, key: str, body: bytes, work: Callable[[], Awaitable[bytes]]
    ) -> tuple[Mapping[str, Any] | bytes, bool]:
        """The same for work that goes on without its caller: one who has left finds the answer under the key."""
        return await asyncio.shield(self._tasks.spawn(self.run(user_id, key, body, work)))

    async def _begin(self, user_id: str, key: str, body_hash: str, owner: str) -> Beginning:
        lease = datetime.now(UTC) + timedelta(seconds=self._deadline_s + LEASE_MARGIN_S)
        beginning = self._tasks.spawn(self._repository.begin(user_id, key, body_hash, owner, lease))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            self._tasks.spawn(self._take_back(beginning, user_id, key, owner))
            raise

    async def _take_back(self, beginning: "asyncio.Task[Beginning]", user_id: str, key: str, owner: str) -> None:
        await asyncio.wait({beginning})
        await self._repository.release(user_id, key, owner)

    async def _first(self, user_id: str, key: str, owner: str, work: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            answer = await work()
        except BaseException:
            await self._written(self._repository.release(user_id, key, owner))
            raise
        await self._written(self._repository.finish(user_id, key, owner, orjson.loads(answer)))
        return answer

    async def _written(self, writing: Coroutine[Any, Any, object]) -> None:
        """Waits for a write that happens even if the caller leaves.

        The work has its result, whatever becomes of the key: where the write fails, the lease frees it in time.
        """
        with suppress(AetherError):  # its owner logs it
            await asyncio.shield(self._tasks.spawn(writing))
