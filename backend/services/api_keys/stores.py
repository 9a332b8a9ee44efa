"""What API keys need of others, as small interfaces."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from backend.domain.api_keys import ApiKey, KeyChanges
from backend.domain.users import UserRole


class KeyStore(Protocol):
    async def create(self, key: ApiKey) -> bool:
        """False: the user has as many as may be."""
        ...

    async def of_user(self, user_id: str) -> list[ApiKey]: ...

    async def change(self, user_id: str, key_id: str, changes: KeyChanges) -> ApiKey | None: ...

    async def revoke(self, user_id: str, key_id: str) -> bool: ...

    async def mark_changed(self, user_id: str) -> None: ...

    async def revoke_all(self, user_id: str) -> None: ...

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        """Also where it was revoked."""
        ...

    async def owner_role(self, user_id: str) -> UserRole | None:
        """As it is now. None: the account does not exist any more."""
        ...

    async def changed_since(self, instant: datetime) -> set[str]: ...

    async def note_use(self, uses: Iterable[tuple[str, str, datetime]]) -> None: ...


class LookUpLimits(Protocol):
    async def check_look_up(self, subject: str) -> None:
        """Raises RateLimited after too many unknown keys."""
        ...

    async def record_unknown_key(self, subject: str) -> None:
        """Raises RateLimited where this one is too many already."""
        ...
