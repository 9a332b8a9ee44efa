"""What identity needs of others, as small interfaces: repositories, the limiter and the bus have more to offer."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from backend.domain.audit import AuditAction
from backend.domain.users import DEFAULT_LOCALE, Locale, Session, User, UserRole


class UserStore(Protocol):
    async def create(
        self, email: str, password_hash: str, name: str, role: UserRole, *, locale: Locale = DEFAULT_LOCALE
    ) -> User:
        """Raises Conflict where the address is taken."""
        ...

    async def by_email(self, email: str) -> User | None:
        """With its password hash."""
        ...

    async def by_id(self, user_id: str) -> User | None: ...

    async def set_password_hash(self, user_id: str, password_hash: str) -> None: ...


class SessionStore(Protocol):
    async def create(self, session: Session) -> None: ...

    async def get(self, user_id: str, session_id: str) -> Session | None: ...

    async def live_page(
        self, user_id: str, now: datetime, limit: int, cursor: str | None
    ) -> tuple[list[Session], str | None]:
        """Neither revoked nor past their absolute expiry, latest used first."""
        ...

    async def rotate(self, session_id: str, user_id: str, old_hash: str, new_hash: str, now: datetime) -> bool:
        """Replaces the token's hash where it still is old_hash; False where another request was first."""
        ...

    async def revoke(self, user_id: str, session_id: str) -> bool: ...

    async def revoke_all(self, user_id: str, *, keep: str | None = None) -> list[str]:
        """Ids of the sessions that were live."""
        ...

    async def revoked_since(self, instant: datetime) -> list[str]: ...


class SignInLimits(Protocol):
    async def check_sign_in(self, subject: str) -> None:
        """Raises RateLimited after too many failures, CacheUnavailable where they cannot be counted."""
        ...

    async def record_failed_sign_in(self, subject: str) -> None: ...


class Audit(Protocol):
    async def record(
        self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str
    ) -> None: ...


class Announcements(Protocol):
    @property
    def connected(self) -> bool: ...

    def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> None: ...

    def on_gap(self, handler: Callable[[], None]) -> None: ...

    async def publish(self, channel: str, payload: bytes) -> None:
        """Raises RedisUnavailable."""
        ...
