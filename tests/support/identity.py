"""Fakes of what identity needs, in memory. The real repositories are tested in tests/integration."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from argon2 import PasswordHasher

from backend.domain.audit import AuditAction
from backend.domain.ids import new_id
from backend.domain.one_time_tokens import OneTimeToken, Purpose
from backend.domain.second_factors import SecondFactor
from backend.domain.users import DEFAULT_LOCALE, Locale, Session, User, UserRole
from backend.errors import Conflict, DatabaseUnavailable, RateLimited
from backend.services.identity import Identity, Tokens
from backend.services.identity.passwords import Passwords
from tests.support.bus import Bus, Network

SECRET = "secret key of the tests, long enough"
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


def quick_hasher() -> PasswordHasher:
    """The same algorithm with the least work that it allows."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """Seconds since the epoch, moved by the test."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    @property
    def instant(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


class Users:
    def __init__(self, clock: Clock) -> None:
        self.rows: dict[str, User] = {}
        self._clock = clock

    async def create(
        self, email: str, password_hash: str, name: str, role: UserRole, *, locale: Locale = DEFAULT_LOCALE
    ) -> User:
        if await self.by_email(email):
            raise Conflict("taken")
        user = User(new_id("user"), email, name, role, "free", self._clock.instant, password_hash, locale=locale)
        self.rows[user.id] = user
        return user

    async def by_email(self, email: str) -> User | None:
        return next((user for user in self.rows.values() if user.email == email), None)

    async def by_id(self, user_id: str) -> User | None:
        return self.rows.get(user_id)

    async def set_password_hash(self, user_id: str, password_hash: str) -> None:
        self.rows[user_id] = replace(self.rows[user_id], password_hash=password_hash)


class Sessions:
    def __init__(self, clock: Clock) -> None:
        self.rows: dict[str, Session] = {}
        self.away = False
        self.asked: list[datetime] = []
        self._clock = clock

    async def create(self, session: Session) -> None:
        self.rows[session.id] = session

    async def get(self, user_id: str, session_id: str) -> Session | None:
        session = self.rows.get(session_id)
        return session if session and session.user_id == user_id else None

    async def live_page(
        self, user_id: str, now: datetime, limit: int, cursor: str | None
    ) -> tuple[list[Session], str | None]:
        """cursor: how many come before."""
        live = [row for row in self.rows.values() if row.user_id == user_id and not row.revoked_at]
        live = sorted((row for row in live if row.expires_at > now), key=lambda row: (row.last_used, row.id))[::-1]
        start = int(cursor or 0)
        return live[start : start + limit], str(start + limit) if len(live) > start + limit else None

    async def rotate(self, session_id: str, user_id: str, old_hash: str, new_hash: str, now: datetime) -> bool:
        session = self.rows[session_id]
        if session.token_hash != old_hash or session.revoked_at:
            return False
        self.rows[session_id] = replace(
            session, token_hash=new_hash, previous_hash=old_hash, rotated_at=now, last_used=now
        )
        return True

    async def revoke(self, user_id: str, session_id: str) -> bool:
        self.rows[session_id] = replace(self.rows[session_id], revoked_at=self._clock.instant)
        return True

    async def revoke_all(self, user_id: str, *, keep: str | None = None) -> list[str]:
        live = [row.id for row in self.rows.values() if row.user_id == user_id and not row.revoked_at]
        return [row_id for row_id in live if row_id != keep and await self.revoke(user_id, row_id)]

    async def revoked_since(self, instant: datetime) -> list[str]:
        self.asked.append(instant)
        if self.away:
            raise DatabaseUnavailable("away")
        return [row.id for row in self.rows.values() if row.revoked_at and row.revoked_at >= instant]


class Factors:
    """Second factors."""

    def __init__(self) -> None:
        self.rows: dict[str, SecondFactor] = {}
        self.steps: dict[str, int] = {}
        self.asked = 0

    async def get(self, user_id: str) -> SecondFactor | None:
        self.asked += 1
        return self.rows.get(user_id)

    async def begin(self, user_id: str, secret: str, now: datetime, expires_at: datetime) -> bool:
        if (row := self.rows.get(user_id)) and row.enabled_at:
            return False
        self.rows[user_id] = SecondFactor(user_id, secret, now, None, ())
        return True

    async def enable(self, user_id: str, secret: str, now: datetime, step: int, codes: Sequence[str]) -> bool:
        row = self.rows.get(user_id)
        if row is None or row.enabled_at or row.secret != secret:
            return False
        self.rows[user_id], self.steps[user_id] = replace(row, enabled_at=now, recovery_codes=tuple(codes)), step
        return True

    async def take_step(self, user_id: str, secret: str, step: int) -> bool:
        if user_id not in self.rows or self.steps[user_id] >= step:
            return False
        self.steps[user_id] = step
        return True

    async def take_code(self, user_id: str, code_hash: str) -> bool:
        row = self.rows[user_id]
        if code_hash not in row.recovery_codes:
            return False
        left = tuple(code for code in row.recovery_codes if code != code_hash)
        self.rows[user_id] = replace(row, recovery_codes=left)
        return True

    async def replace_codes(self, user_id: str, codes: Sequence[str]) -> None:
        self.rows[user_id] = replace(self.rows[user_id], recovery_codes=tuple(codes))

    async def remove(self, user_id: str) -> bool:
        return self.rows.pop(user_id, None) is not None


class OneTimeTokens:
    def __init__(self, clock: Clock) -> None:
        self.rows: dict[tuple[Purpose, str], OneTimeToken] = {}
        self._clock = clock

    async def create(self, token: OneTimeToken) -> None:
        self.rows[token.purpose, token.hash] = token

    async def valid(self, purpose: Purpose, token_hash: str) -> OneTimeToken | None:
        token = self.rows.get((purpose, token_hash))
        return token if token and token.expires_at > self._clock.instant else None

    async def redeem(self, purpose: Purpose, token_hash: str) -> OneTimeToken | None:
        token = await self.valid(purpose, token_hash)
        self.rows.pop((purpose, token_hash), None)
        return token

    async def withdraw(self, user_id: str, purpose: Purpose) -> None:
        self.rows = {key: row for key, row in self.rows.items() if (row.user_id, row.purpose) != (user_id, purpose)}


class Limits:
    def __init__(self, allowed: int = 5) -> None:
        self.allowed = allowed
        self.failures: dict[str, int] = {}

    async def check_sign_in(self, subject: str) -> None:
        if self.failures.get(subject, 0) >= self.allowed:
            raise RateLimited("too many", retry_after=900)

    async def record_failed_sign_in(self, subject: str) -> None:
        self.failures[subject] = self.failures.get(subject, 0) + 1


class Audit:
    """rows: (action, whose account, who did it)."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str | None, str | None]] = []

    async def record(
        self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str
    ) -> None:
        self.rows.append((action.value, user_id, actor_id or user_id))


class World:
    """Two workers' identities over the same stores."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.users = Users(self.clock)
        self.sessions = Sessions(self.clock)
        self.factors = Factors()
        self.tokens = OneTimeTokens(self.clock)
        self.limits = Limits()
        self.network = Network()
        self.audit = Audit()

    def identity(self, hasher: PasswordHasher | None = None) -> Identity:
        return Identity(
            self.users,
            self.sessions,
            self.factors,
            self.tokens,
            limits=self.limits,
            bus=Bus(self.network),
            audit=self.audit,
            secret=SECRET,
            clock=self.clock,
            passwords=Passwords(hasher or quick_hasher()),
        )


@asynccontextmanager
async def running(identity: Identity) -> AsyncIterator[Identity]:
    await identity.start()
    try:
        yield identity
    finally:
        await identity.close()


async def sign_in(identity: Identity, *, password: str = PASSWORD, email: str = EMAIL) -> Tokens:
    return await identity.login(email, password, device="a browser", address="192.0.2.1")
