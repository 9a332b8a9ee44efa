"""What administrators have set, known to every worker within a second: whether models may be called, whose budget.

MongoDB holds it, so that it survives restarts; the bus only says that something has changed. Where the bus is deaf,
the next look into the database is enough.
"""

from collections.abc import Callable

import structlog

from backend.domain.audit import AuditAction
from backend.domain.budgets import Budget
from backend.domain.usage import format_usd
from backend.services.audit_log import AuditLog
from backend.services.bus import Bus
from backend.services.changes import Following
from backend.services.repositories.controls import ControlRepository

CHANNEL = "controls"
EVERY_S = 0.5

log = structlog.get_logger()


class Controls:
    """Construct it before the bus starts."""

    def __init__(self, repository: ControlRepository, bus: Bus, audit: AuditLog, *, every_s: float = EVERY_S) -> None:
        self._repository = repository
        self._audit = audit
        self._budgets: dict[str, Budget] = {}
        self._revision: int | None = None
        self._enabled = True
        self._on_disabled: list[Callable[[], None]] = []
        self._following = Following(CHANNEL, bus, self.look, hearing_s=every_s, deaf_s=every_s)

    async def start(self) -> None:
        """Raises where the database does not answer: nothing may be called before it is known that it may."""
        await self._following.start()

    async def close(self) -> None:
        await self._following.close()

    @property
    def enabled(self) -> bool:
        return self._enabled

    def on_disabled(self, handler: Callable[[], None]) -> None:
        """Called on the event loop when models may no longer be called."""
        self._on_disabled.append(handler)

    def budget(self, user_id: str) -> Budget | None:
        """The user's own, None where the usual one holds."""
        return self._budgets.get(user_id)

    async def set_enabled(self, enabled: bool, actor: str) -> None:
        """actor: the administrator's user id."""
        await self._repository.set_enabled(enabled, actor)
        log.warning("spending_switched", enabled=enabled, actor=actor)
        await self._following.announce()
        await self._audit.record(
            AuditAction.SPENDING_SWITCHED, user_id=None, actor_id=actor, spending="on" if enabled else "off"
        )

    async def set_budget(self, user_id: str, budget: Budget | None, actor: str) -> bool:
        """None: the usual one again. False: there is no such user."""
        if not await self._repository.set_budget(user_id, budget):
            return False
        log.info("budget_set", user_id=user_id, actor=actor)
        await self._following.announce()
        await self._audit.record(AuditAction.BUDGET_CHANGED, user_id=user_id, actor_id=actor, **_shown(budget))
        return True

    async def look(self) -> None:
        """Reads what is set now."""
        state = await self._repository.read()
        was_enabled, self._enabled = self._enabled, state.enabled
        if was_enabled and not state.enabled:
            for stop in self._on_disabled:
                stop()
        if state.revision != self._revision:
            self._budgets = await self._repository.budgets()
            self._revision = state.revision


def _shown(budget: Budget | None) -> dict[str, str]:
    if budget is None:
        return {"budget": "the usual one"}
    return {"tokens": str(budget.tokens), "cost_usd": str(format_usd(budget.cost))}
