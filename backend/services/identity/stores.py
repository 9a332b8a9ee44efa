"""What identity needs of others, as small interfaces: repositories, the limiter and the bus have more to offer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from backend.domain.audit import AuditAction
from backend.domain.one_time_tokens import OneTimeToken, Purpose
from backend.domain.second_factors import SecondFactor
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


class SecondFactorStore(Protocol):
    """secret: sealed, and with the user's id what names a factor. Codes are hashes."""

    async def get(self, user_id: str) -> SecondFactor | None: ...

    async def begin(self, user_id: str, secret: str, now: datetime, expires_at: datetime) -> bool:
        """False: the user has one that is enabled."""
        ...

    async def enable(self, user_id: str, secret: str, now: datetime, step: int, codes: Sequence[str]) -> bool:
        """False: it is not pending any more."""
        ...

    async def take_step(self, user_id: str, secret: str, step: int) -> bool:
        """True to one caller."""
        ...

    async def take_code(self, user_id: str, code_hash: str) -> bool:
        """True to one caller."""
        ...

    async def replace_codes(self, user_id: str, codes: Sequence[str]) -> None: ...

    async def remove(self, user_id: str) -> bool: ...


class ChallengeStore(Protocol):
    async def create(self, token: OneTimeToken) -> None: ...

    async def valid(self, purpose: Purpose, token_hash: str) -> OneTimeToken | None: ...

    async def redeem(self, purpose: Purpose, token_hash: str) -> OneTimeToken | None:
        """The token, to the one caller that redeems it."""
        ...

    async def withdraw(self, user_id: str, purpose: Purpose) -> None: ...


class SignInLimits(Protocol):
    async def check_sign_in(self, subject: str) -> None:
        """Raises RateLimited after too many failures, CacheUnavailable where they cannot be counted."""
        ...

    async def record_failed_sign_in(self, subject: str) -> None: ...


class Audit(Protocol):
    async def record(
        self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str
    ) -> None: ...
