"""Refresh tokens: one family a sign-in, of which only the latest token is valid.

A token is user id, session id and 256 random bits, of which only the SHA-256 is stored. Each use replaces it. Whoever
presents a token of the family that was replaced, the thief or the owner, ends the family for both.

The replacement is derived from the token that it replaces and a key of the server. So two requests that refresh the
same token at once (two tabs, a retry after a lost answer) get the same replacement, and neither looks like a theft.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from backend.domain.audit import UNKNOWN, AuditAction
from backend.domain.ids import new_id
from backend.domain.users import Session
from backend.errors import Unauthenticated
from backend.services.identity.revocations import Revocations
from backend.services.identity.stores import Audit, SessionStore

LIFETIME = timedelta(days=30)
"""From the sign-in: rotation never moves it."""
IDLE = timedelta(days=7)
"""From the last refresh: a sign-in that nobody uses for so long ends."""
GRACE = timedelta(seconds=10)
SECRET_BYTES = 32
MAX_TOKEN_CHARACTERS = 256
DEVICE_CHARACTERS = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Presented:
    user_id: str
    session_id: str
    secret: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.user_id}.{self.session_id}.{self.secret}"


class RefreshTokens:
    """key: for deriving replacements. now: the time, aware, UTC. idle: how long a family lasts without a refresh."""

    def __init__(
        self,
        sessions: SessionStore,
        revocations: Revocations,
        audit: Audit,
        *,
        key: bytes,
        now: Callable[[], datetime],
        idle: timedelta = IDLE,
    ) -> None:
        self._sessions = sessions
        self._revocations = revocations
        self._audit = audit
        self._key = key
        self._now = now
        self._idle = idle

    async def begin(self, user_id: str, device: str) -> tuple[Session, str]:
        """A new family and its first token."""
        now = self._now()
        token = _Presented(user_id, new_id("sess"), secrets.token_urlsafe(SECRET_BYTES))
        session = Session(
            id=token.session_id,
            user_id=user_id,
            token_hash=token.hash,
            previous_hash=None,
            rotated_at=None,
            created_at=now,
            last_used=now,
            expires_at=now + LIFETIME,
            revoked_at=None,
            device=device[:DEVICE_CHARACTERS],
        )
        await self._sessions.create(session)
        return session, str(token)

    async def rotate(self, text: str) -> tuple[Session, str]:
        """The token's session and its replacement. Raises Unauthenticated, and ends the family of a reused token."""
        token = _parse(text)
        replacement = self._replacement_of(token)
        session = await self._live_session(token)
        if session.token_hash == token.hash:
            if await self._sessions.rotate(session.id, session.user_id, token.hash, replacement.hash, self._now()):
                return session, str(replacement)
            session = await self._live_session(token)
        if not self._just_replaced(session, token, replacement):
            log.warning("refresh_token_reused", user_id=session.user_id, session_id=session.id)
            await self._revocations.revoke(session.user_id, session.id)
            await self._audit.record(
                AuditAction.REFRESH_TOKEN_REUSED, user_id=session.user_id, actor_id=UNKNOWN, session=session.id
            )
            raise Unauthenticated("This sign-in was ended because an old token of it was used.", code="session_revoked")
        return session, str(replacement)

    async def end(self, text: str) -> None:
        """Ends the token's family. A token that is not valid any more, or never was, changes nothing."""
        try:
            token = _parse(text)
            session = await self._live_session(token)
        except Unauthenticated:
            return
        if token.hash in (session.token_hash, session.previous_hash):
            await self._revocations.revoke(session.user_id, session.id)
            await self._audit.record(AuditAction.SIGNED_OUT, user_id=session.user_id, session=session.id)

    async def live(self, user_id: str, limit: int, cursor: str | None) -> tuple[list[Session], str | None]:
        """The user's, latest used first, and the cursor of the next page. expires_at: if it is not used until then.

        Raises InvalidInput for a bad cursor.
        """
        now = self._now()
        found, following = await self._sessions.live_page(user_id, now, limit, cursor)
        live = [replace(session, expires_at=ends) for session in found if (ends := self._ends_at(session)) > now]
        # By the order of the list everything after one that has lain idle has lain idle too.
        return live, following if len(live) == len(found) else None

    async def is_live(self, user_id: str, session_id: str) -> bool:
        session = await self._sessions.get(user_id, session_id)
        return session is not None and self._lives(session)

    async def _live_session(self, token: _Presented) -> Session:
        session = await self._sessions.get(token.user_id, token.session_id)
        if session is None or not self._lives(session):
            raise _refused()
        return session

    def _lives(self, session: Session) -> bool:
        return session.revoked_at is None and self._now() < self._ends_at(session)

    def _ends_at(self, session: Session) -> datetime:
        return min(session.expires_at, session.last_used + self._idle)

    def _just_replaced(self, session: Session, token: _Presented, replacement: _Presented) -> bool:
        return (
            session.rotated_at is not None
            and session.previous_hash == token.hash
            and session.token_hash == replacement.hash
            and self._now() - session.rotated_at <= GRACE
        )

    def _replacement_of(self, token: _Presented) -> _Presented:
        digest = hmac.digest(self._key, str(token).encode(), "sha256")
        secret = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return _Presented(token.user_id, token.session_id, secret)


def _parse(text: str) -> _Presented:
    parts = text.split(".")
    if len(text) > MAX_TOKEN_CHARACTERS or len(parts) != 3 or not all(parts):
        raise _refused()
    return _Presented(*parts)


def _refused() -> Unauthenticated:
    return Unauthenticated("Sign in again: the refresh token is not valid any more.", code="refresh_token_invalid")
