"""What administrators do to other people's accounts: roles, and closing them."""

import structlog

from backend.domain.audit import AuditAction
from backend.domain.users import ManagedUser, UserRole
from backend.errors import Conflict, NotFound
from backend.services.api_keys import ApiKeys
from backend.services.audit_log import AuditLog
from backend.services.identity import Identity, Principal
from backend.services.repositories.managed_users import AdminAccountRepository

log = structlog.get_logger()


class UserAdministration:
    def __init__(self, users: AdminAccountRepository, identity: Identity, api_keys: ApiKeys, audit: AuditLog) -> None:
        self._users = users
        self._identity = identity
        self._api_keys = api_keys
        self._audit = audit

    async def page(
        self, query: str, role: UserRole | None, limit: int, cursor: str | None
    ) -> tuple[list[ManagedUser], str | None]:
        """query: how addresses begin; then in their order and without a cursor, else newest accounts first."""
        if query:
            return await self._users.search(query, role, limit), None
        return await self._users.page(role, limit, cursor)

    async def change(
        self, user_id: str, actor: Principal, *, role: UserRole | None = None, disabled: bool | None = None
    ) -> ManagedUser:
        """What is None stays. Sign-ins and keys end on every worker within a second, where the user may less now.

        Nobody changes an account of their own: so there is always an administrator. Raises NotFound, Conflict.
        """
        if user_id == actor.user_id:
            raise Conflict("Another administrator has to change your own account.", code="own_account")
        changed = await self._users.change(user_id, role=role, disabled=disabled)
        if changed is None:
            raise NotFound("There is no such user.")
        before, after = changed
        another_role = before.user.role != after.user.role
        if disabled or another_role:
            await self._identity.end_sessions(user_id)
            await self._api_keys.owner_changed(user_id)
        if another_role:
            await self._record(AuditAction.ROLE_CHANGED, user_id, actor, role=after.user.role, was=before.user.role)
        if (before.user.disabled_at is None) != (after.user.disabled_at is None):
            action = AuditAction.USER_DISABLED if after.user.disabled_at else AuditAction.USER_ENABLED
            await self._record(action, user_id, actor)
        return after

    async def _record(self, action: AuditAction, user_id: str, actor: Principal, **detail: str) -> None:
        log.info("user_changed", action=action.value, user_id=user_id, actor=actor.user_id)
        await self._audit.record(action, user_id=user_id, actor_id=actor.user_id, **detail)
