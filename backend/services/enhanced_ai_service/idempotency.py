"""Idempotency-Key: the same key and body within 24 h get the stored answer, not a second one."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from backend.domain.ids import new_id
from backend.errors import DeadlineExceeded
from backend.services.repositories.idempotency import IdempotencyRepository, Replay, Started

POLL_S = 0.1
LEASE_MARGIN_S = 30.0


class Idempotency:
    """deadline_s: the longest that a first request may take, and that a second one waits for it."""

    def __init__(self, repository: IdempotencyRepository, *, deadline_s: float) -> None:
        self._repository = repository
        self._deadline_s = deadline_s

    async def run(
        self, user_id: str, key: str, body: bytes, work: Callable[[], Awaitable[bytes]]
    ) -> tuple[Mapping[str, Any] | bytes, bool]:
        """(answer, replayed): fresh bytes or the stored JSON object.

        A failure frees the key. Raises IdempotencyMismatch, DeadlineExceeded and what the work raises.
        """
        owner, body_hash = new_id("idem"), hashlib.sha256(body).hexdigest()
        give_up = time.monotonic() + self._deadline_s
        while True:
            lease = datetime.now(UTC) + timedelta(seconds=self._deadline_s + LEASE_MARGIN_S)
            state = await self._repository.begin(user_id, key, body_hash, owner, lease)
            if isinstance(state, Replay):
                return state.response, True
            if isinstance(state, Started):
                return await self._first(user_id, key, owner, work), False
            if time.monotonic() > give_up:
                raise DeadlineExceeded("The first request with this key is still running.")
            await asyncio.sleep(POLL_S)

    async def _first(self, user_id: str, key: str, owner: str, work: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            answer = await work()
        except BaseException:
            await asyncio.shield(self._repository.release(user_id, key, owner))
            raise
        await self._repository.finish(user_id, key, owner, orjson.loads(answer))
        return answer
