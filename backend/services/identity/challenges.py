"""Between the two steps of a sign-in: a token that says whose password was right, for a few minutes and one sign-in."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from backend.domain.one_time_tokens import OneTimeToken
from backend.domain.users import User
from backend.errors import Unauthenticated
from backend.services.identity.stores import ChallengeStore

LIFETIME = timedelta(minutes=5)
TOKEN_BYTES = 32


class Challenges:
    """now: the time, aware, UTC."""

    def __init__(self, tokens: ChallengeStore, *, now: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._now = now

    async def issue(self, user: User) -> str:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._now()
        await self._tokens.create(
            OneTimeToken(
                hash=_digest(token),
                purpose="mfa",
                user_id=user.id,
                email=user.email,
                created_at=now,
                expires_at=now + LIFETIME,
            )
        )
        return token

    async def user_of(self, token: str) -> str:
        """The user's id; does not use the token up. Raises Unauthenticated (mfa_token_invalid)."""
        return _required(await self._tokens.valid("mfa", _digest(token))).user_id

    async def redeem(self, token: str) -> None:
        """To one caller. Raises Unauthenticated (mfa_token_invalid)."""
        _required(await self._tokens.redeem("mfa", _digest(token)))

    async def withdraw(self, user_id: str) -> None:
        """Whoever began to sign in with a password that is replaced begins anew."""
        await self._tokens.withdraw(user_id, "mfa")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _required(token: OneTimeToken | None) -> OneTimeToken:
    if token is None:
        raise Unauthenticated("It took too long, or was done before: begin to sign in anew.", code="mfa_token_invalid")
    return token
