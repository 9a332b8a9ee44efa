"""Ends accounts, and purges conversations whose time is over; a sweep goes on where a crash left off.

A deleted account is erased twice: at once, and once more when nothing that was under way can write any more. In
between a document without any personal data marks it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from backend.domain.users import User
from backend.errors import CacheUnavailable, DatabaseUnavailable, DeadlineExceeded
from backend.services.repositories.conversations import AdminConversationRepository, ConversationRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.personal_data import PersonalDataRepository
from backend.services.repositories.users import UserRepository
from backend.services.tasks import end

LEASE = "housekeeping"
LEASE_S = 900.0
EVERY_S = 300.0
BATCH = 100
AFTERMATH = timedelta(minutes=15)
"""Longer than an access token is valid, and than any request takes."""
RETENTION_EVERY = timedelta(days=1)

log = structlog.get_logger()


class CachedAnswers(Protocol):
    async def clear_user(self, user_id: str) -> dict[str, int]:
        """Raises CacheUnavailable."""
        ...


class Housekeeping:
    """owner: this worker's name in the lease."""

    def __init__(
        self,
        users: UserRepository,
        data: PersonalDataRepository,
        conversations: ConversationRepository,
        all_conversations: AdminConversationRepository,
        cache: CachedAnswers,
        leases: LeaseRepository,
        *,
        owner: str,
        every_s: float = EVERY_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._users = users
        self._data = data
        self._conversations = conversations
        self._all_conversations = all_conversations
        self._cache = cache
        self._leases = leases
        self._owner = owner
        self._every_s = every_s
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def close(self) -> None:
        await end(self._task)

    async def end_account(self, user_id: str) -> None:
        """The account is gone on return, and so is what it held, or will be with the next sweep."""
        await self._users.mark_deleted(user_id, self._now())
        with suppress(DatabaseUnavailable, DeadlineExceeded):
            await self._erase(user_id, last=False)

    async def sweep(self) -> None:
        """Everything that is due, in one worker at a time."""
        if not await self._leases.acquire(LEASE, self._owner, LEASE_S):
            return
        while erased := await self._users.erasures_due(self._now(), BATCH):
            for user_id, erased_before in erased:
                await self._erase(user_id, last=erased_before)
        while due := await self._all_conversations.purges_due(self._now(), BATCH):
            for user_id, conversation_id in due:
                await self._conversations.purge(user_id, conversation_id)
        while users := await self._users.retention_due(self._now(), BATCH):
            for user in users:
                await self._forget_unused(user)

    async def _run(self) -> None:
        while True:
            with suppress(DatabaseUnavailable, DeadlineExceeded):
                await self.sweep()
            await asyncio.sleep(self._every_s)

    async def _erase(self, user_id: str, *, last: bool) -> None:
        await self._data.erase(user_id, last=last)
        with suppress(CacheUnavailable):  # cached answers expire by themselves, within a day
            await self._cache.clear_user(user_id)
        if last:
            await self._users.remove(user_id)
            log.info("account_erased", user_id=user_id)
        else:
            await self._users.mark_erased(user_id, again_at=self._now() + AFTERMATH)

    async def _forget_unused(self, user: User) -> None:
        deleted = 0
        before = self._now() - timedelta(days=user.retention_days or 0)
        while unused := await self._data.unused_conversations(user.id, before):
            for conversation_id in unused:
                deleted += await self._conversations.purge(user.id, conversation_id)
        await self._users.postpone_retention(user.id, self._now() + RETENTION_EVERY)
        if deleted:
            log.info("conversations_past_retention_deleted", user_id=user.id, count=deleted)
