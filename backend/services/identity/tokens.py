"""Access tokens: short-lived JWTs, verified once and then remembered."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import jwt
from cachetools import TLRUCache

from backend.domain.api_keys import KeyGrant
from backend.domain.users import User, UserRole
from backend.errors import Unauthenticated

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "aether"
TYPE = "access"
ACCESS_LIFETIME_S = 600
REMEMBERED = 10_000
SIGNED = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]", re.ASCII)
"""The one spelling of a signature of 32 bytes in base64url: no padding, and zero in the bits that mean nothing."""
CLAIMS = ("sub", "sid", "role", "typ", "aud", "iss", "iat", "exp", "jti")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as the access token or the API key says; name and email are in the users collection.

    key: what the API key permits, None for somebody who has signed in. session_id: empty with a key. role: for who
    sends a key it is as it was when the key was looked up.
    """

    user_id: str
    role: UserRole
    session_id: str
    key: KeyGrant | None = None


@dataclass(frozen=True, slots=True)
class _Verified:
    principal: Principal
    expires_at: int


class AccessTokens:
    """clock: seconds since the epoch. Without leeway: what writes the expiry also reads it."""

    def __init__(self, key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock
        self._remembered: TLRUCache[str, _Verified] = TLRUCache(
            REMEMBERED, ttu=lambda _token, verified, _now: verified.expires_at, timer=clock
        )

    def issue(self, user: User, session_id: str) -> str:
        now = int(self._clock())
        claims = {
            "sub": user.id,
            "sid": session_id,
            "role": user.role,
            "typ": TYPE,
            "aud": AUDIENCE,
            "iss": ISSUER,
            "iat": now,
            "exp": now + ACCESS_LIFETIME_S,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def verify(self, token: str) -> Principal:
        """Raises Unauthenticated with the code token_invalid or token_expired."""
        known = self._remembered.get(token)
        if known is None:
            known = self._decode(token)
            self._remembered[token] = known
        return known.principal

    def _decode(self, token: str) -> _Verified:
        if not SIGNED.fullmatch(token):
            raise _invalid()
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Both by our own clock below; PyJWT reads the system's.
                options={"require": list(CLAIMS), "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as error:
            raise _invalid() from error
        subject, session_id, expires_at = claims["sub"], claims["sid"], claims["exp"]
        well_formed = isinstance(session_id, str) and isinstance(expires_at, int)
        if claims["typ"] != TYPE or claims["role"] not in get_args(UserRole) or not well_formed:
            raise _invalid()
        if expires_at <= self._clock():
            raise Unauthenticated("The access token has expired: refresh it.", code="token_expired")
        return _Verified(Principal(subject, claims["role"], session_id), expires_at)


def _invalid() -> Unauthenticated:
    return Unauthenticated("The access token is not valid.", code="token_invalid")
