"""The audit log: who did what to whose account, durable before whoever did it has an answer."""

from collections.abc import Callable
from datetime import UTC, datetime

from backend.domain.audit import AuditAction, AuditEntry, AuditFilter
from backend.domain.ids import new_id
from backend.services.repositories.audit_log import AdminAuditLogRepository, AuditLogRepository
from backend.services.request_origin import request_origin


class AuditLog:
    """now: the time, aware, UTC."""

    def __init__(
        self,
        entries: AuditLogRepository,
        everything: AdminAuditLogRepository,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._entries = entries
        self._everything = everything
        self._now = now

    async def record(
        self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str
    ) -> None:
        """Durable on return. The client's address and the correlation id come from the request that is served.

        user_id: whose account. actor_id: who did it; None: the user. detail: never a secret, never what was typed.
        Raises DatabaseUnavailable.
        """
        if user_id is None and actor_id is None:
            raise ValueError("an entry names an account or an actor")
        origin = request_origin()
        await self._entries.add(
            AuditEntry(
                id=new_id("audit"),
                at=self._now(),
                action=action.value,
                user_id=user_id,
                actor_id=actor_id or str(user_id),
                address=origin.address,
                correlation_id=origin.correlation_id,
                detail=detail,
            )
        )

    async def page(self, where: AuditFilter, limit: int, cursor: str | None) -> tuple[list[AuditEntry], str | None]:
        """For administrators: newest first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        return await self._everything.page(where, limit, cursor)
