"""One-time tokens: 256 random bits in a link, of which only the SHA-256 is stored. Each works once, for one purpose."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from backend.domain.one_time_tokens import OneTimeToken, Purpose, Registration
from backend.errors import InvalidInput
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository

TOKEN_BYTES = 32
LIFETIMES: dict[Purpose, timedelta] = {
    "register": timedelta(hours=24),
    "verify": timedelta(hours=24),
    "reset": timedelta(hours=1),
    "confirm": timedelta(minutes=10),
}
MAILS_AN_HOUR = 5
HOUR = timedelta(hours=1)


class Links:
    def __init__(
        self, tokens: OneTimeTokenRepository, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._tokens = tokens
        self._now = now

    async def issue(
        self, purpose: Purpose, *, user_id: str, email: str, registration: Registration | None = None
    ) -> str:
        """The token for the link. Earlier ones stay valid: mails overtake each other."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._now()
        await self._tokens.create(
            OneTimeToken(
                hash=digest(token),
                purpose=purpose,
                user_id=user_id,
                email=email,
                created_at=now,
                expires_at=now + LIFETIMES[purpose],
                registration=registration,
            )
        )
        return token

    async def too_many(self, purpose: Purpose, email: str) -> bool:
        """Whether the address was sent so many of these links within an hour that it gets no more for now."""
        sent = await self._tokens.recent(email, purpose, self._now() - HOUR, MAILS_AN_HOUR)
        return len(sent) >= MAILS_AN_HOUR

    async def latest(self, purpose: Purpose, email: str) -> OneTimeToken | None:
        """That the address was sent within the token's lifetime."""
        sent = await self._tokens.recent(email, purpose, self._now() - LIFETIMES[purpose], 1)
        return sent[0] if sent else None

    async def check(self, purpose: Purpose, token: str) -> OneTimeToken:
        """Without using it up. Raises InvalidInput (link_invalid)."""
        return _required(await self._tokens.valid(purpose, digest(token)))

    async def redeem(self, purpose: Purpose, token: str) -> OneTimeToken:
        """Uses it up, and the others of its purpose that the address was sent. Raises InvalidInput (link_invalid)."""
        redeemed = _required(await self._tokens.redeem(purpose, digest(token)))
        await self._tokens.withdraw_of_address(redeemed.email, purpose)
        return redeemed

    async def confirm(self, user_id: str, token: str) -> None:
        """Uses a confirmation of that user up. Raises InvalidInput (confirmation_invalid)."""
        found = await self._tokens.valid("confirm", digest(token))
        if found is None or found.user_id != user_id or not await self._tokens.redeem("confirm", digest(token)):
            raise InvalidInput("The confirmation is not valid any more.", code="confirmation_invalid")

    async def withdraw(self, purpose: Purpose, user_id: str) -> None:
        await self._tokens.withdraw(user_id, purpose)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _required(token: OneTimeToken | None) -> OneTimeToken:
    if token is None:
        raise InvalidInput("This link is not valid any more: ask for another one.", code="link_invalid")
    return token
