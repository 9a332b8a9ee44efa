"""The face of API keys: what routes call."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from backend.domain.api_keys import MAX_KEYS, ApiKey, KeyChanges, Scope
from backend.domain.audit import AuditAction
from backend.domain.ids import new_id
from backend.errors import Conflict, Forbidden, NotFound, Unauthenticated
from backend.services.api_keys.known import KnownKeys, refused
from backend.services.api_keys.last_used import LastUsed
from backend.services.api_keys.stores import KeyStore, LookUpLimits
from backend.services.api_keys.text import beginning, hash_of, is_well_formed, new_text
from backend.services.changes import Announcements, Changes
from backend.services.identity import Principal
from backend.services.identity.stores import Audit

CHANNEL = "keys-changed"


class ApiKeys:
    """Construct it before the bus starts. clock: seconds since the epoch.

    A key that was revoked or changed is so within a second on every worker, whether the bus carries it or not.
    """

    def __init__(
        self,
        keys: KeyStore,
        *,
        limits: LookUpLimits,
        bus: Announcements,
        audit: Audit,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._audit = audit
        self._clock = clock
        self._known = KnownKeys(keys, limits, clock)
        self._last_used = LastUsed(keys)
        self._changes = Changes(CHANNEL, bus, stored_since=keys.changed_since, learn=self._known.forget, clock=clock)

    async def start(self) -> None:
        await self._changes.start()
        await self._last_used.start()

    async def close(self) -> None:
        await self._last_used.close()
        await self._changes.close()

    async def verify(self, text: str, subject: str) -> Principal:
        """From memory but for the first time. subject: what unknown keys are counted for.

        Raises Unauthenticated (api_key_invalid, api_key_expired), RateLimited.
        """
        if not is_well_formed(text):
            raise refused()
        known = await self._known.find(hash_of(text), subject)
        now = self._now()
        if known.expires_at and known.expires_at <= now:
            raise Unauthenticated("This API key has expired: make a new one.", code="api_key_expired")
        principal = known.principal
        if principal.key:
            self._last_used.note(principal.user_id, principal.key.id, now)
        return principal

    async def is_admin(self, user_id: str) -> bool:
        """Now, whatever was so when the key was looked up."""
        return await self._keys.owner_role(user_id) == "admin"

    async def create(
        self, owner: Principal, name: str, scopes: Sequence[Scope], *, lifetime: timedelta | None, limit: str | None
    ) -> tuple[ApiKey, str]:
        """The key and its text, which nobody can tell again. Raises Conflict (too_many_keys), Forbidden."""
        _check_scopes(owner, scopes)
        text, now = new_text(), self._now()
        key = ApiKey(
            id=new_id("key"),
            user_id=owner.user_id,
            name=name,
            prefix=beginning(text),
            hash=hash_of(text),
            scopes=_ordered(scopes),
            limit=limit,
            created_at=now,
            expires_at=now + lifetime if lifetime else None,
        )
        if not await self._keys.create(key):
            raise Conflict(f"A user has {MAX_KEYS} API keys at most: delete one.", code="too_many_keys")
        await self._record(AuditAction.API_KEY_CREATED, owner.user_id, key)
        return key, text

    async def of_user(self, user_id: str) -> list[ApiKey]:
        """Newest first, expired ones too."""
        return await self._keys.of_user(user_id)

    async def change(self, owner: Principal, key_id: str, changes: KeyChanges) -> ApiKey:
        """Raises NotFound, Forbidden."""
        _check_scopes(owner, changes.scopes or ())
        key = await self._keys.change(owner.user_id, key_id, changes)
        if key is None:
            raise _no_such_key()
        await self._changes.announce(owner.user_id)
        await self._record(AuditAction.API_KEY_CHANGED, owner.user_id, key)
        return key

    async def revoke(self, user_id: str, key_id: str) -> None:
        """Raises NotFound."""
        if not await self._keys.revoke(user_id, key_id):
            raise _no_such_key()
        await self._changes.announce(user_id)
        await self._audit.record(AuditAction.API_KEY_REVOKED, user_id=user_id, key_id=key_id)

    async def revoke_all(self, user_id: str) -> None:
        await self._keys.revoke_all(user_id)
        await self._changes.announce(user_id)

    async def owner_changed(self, user_id: str) -> None:
        """Role or standing of the owner is another now: every worker looks its keys up anew."""
        await self._keys.mark_changed(user_id)
        await self._changes.announce(user_id)

    async def _record(self, action: AuditAction, user_id: str, key: ApiKey) -> None:
        """What the key may do, not how people call it."""
        scopes = " ".join(key.scopes)
        await self._audit.record(action, user_id=user_id, key_id=key.id, scopes=scopes, limit=key.limit or "none")

    def _now(self) -> datetime:
        """To the millisecond, as the database keeps it."""
        return datetime.fromtimestamp(round(self._clock(), 3), UTC)


def _check_scopes(owner: Principal, scopes: Sequence[Scope]) -> None:
    if "admin" in scopes and owner.role != "admin":
        raise Forbidden("Only administrators have keys with the scope admin.")


def _ordered(scopes: Sequence[Scope]) -> tuple[Scope, ...]:
    return tuple(sorted(set(scopes)))


def _no_such_key() -> NotFound:
    return NotFound("You have no API key with this id.")
