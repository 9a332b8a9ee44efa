"""The face of the audit log: what services call."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from backend.domain.audit import AuditAction, AuditEntry, AuditFilter
from backend.domain.ids import new_id
from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.audit_log.counts import SUBJECTS, Counts
from backend.services.repositories.audit_log import AdminAuditLogRepository, AuditLogRepository
from backend.services.request_origin import request_origin
from backend.services.tasks import end

EVERY_S = 5.0
BATCH = 100

log = structlog.get_logger()


class AuditLog:
    """now: the time, aware, UTC. every_s: how long counts stay in memory. subjects: counted apart in that time."""

    def __init__(
        self,
        entries: AuditLogRepository,
        everything: AdminAuditLogRepository,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        every_s: float = EVERY_S,
        subjects: int = SUBJECTS,
    ) -> None:
        self._entries = entries
        self._everything = everything
        self._now = now
        self._every_s = every_s
        self._counts = Counts(subjects)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="audit_counts")

    async def close(self) -> None:
        """What was counted is written before, where the database answers."""
        await end(self._task)
        await self.flush()

    async def record(
        self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str
    ) -> None:
        """Durable on return. The client's address and the correlation id come from the request that is served.

        user_id: whose account. actor_id: who did it; None: the user. detail: never a secret, never what was typed.
        Raises DatabaseUnavailable, DeadlineExceeded.
        """
        await self._entries.add(self._entry(action, user_id, actor_id, detail))

    def count(self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str) -> None:
        """For what may happen often: one entry a minute for the user, or for the address where there is none.

        Written within seconds, in the background; a worker that is killed loses what it has not written.
        """
        self._counts.add(self._entry(action, user_id, actor_id, detail))

    async def flush(self) -> None:
        """Writes what was counted. Where the database does not answer it is kept, within the bound."""
        counted = self._counts.take()
        while counted:
            try:
                await self._entries.count(counted[:BATCH])
            except (DatabaseUnavailable, DeadlineExceeded):
                self._counts.give_back(counted)
                log.warning("audit_counts_not_written", subjects=len(counted))
                return
            del counted[:BATCH]

    async def page(self, where: AuditFilter, limit: int, cursor: str | None) -> tuple[list[AuditEntry], str | None]:
        """For administrators: newest first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        return await self._everything.page(where, limit, cursor)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.flush()

    def _entry(
        self, action: AuditAction, user_id: str | None, actor_id: str | None, detail: Mapping[str, str]
    ) -> AuditEntry:
        if user_id is None and actor_id is None:
            raise ValueError("an entry names an account or an actor")
        origin = request_origin()
        return AuditEntry(
            id=new_id("audit"),
            at=self._now(),
            action=action.value,
            user_id=user_id,
            actor_id=actor_id or str(user_id),
            address=origin.address,
            correlation_id=origin.correlation_id,
            detail=detail,
        )
