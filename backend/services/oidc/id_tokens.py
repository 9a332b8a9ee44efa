"""ID tokens: the signature by a key of the provider, and every claim that says for whom and for when it is.

The claims are checked by Authlib's CodeIDToken: iss, aud, azp, exp, nbf, iat, nonce, at_hash.
"""

import time
from collections.abc import Callable
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from backend.errors import OidcRefused
from backend.services.oidc.issuer import Issuer

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a private key only: none is no signature, and whoever knows a public key could make an HS256."""
LEEWAY_S = 60
"""How far the provider's clock may differ."""
MAX_SUBJECT = 255

Claims = dict[str, Any]


class Registry(jws.JWSRegistry):
    """Header parameters that nobody knows are ignored, as RFC 7515 wants it; those in crit are not."""

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)


class IdTokens:
    """clock: seconds since the epoch."""

    def __init__(self, issuer: Issuer, client_id: str, *, clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._clock = clock

    async def verify(self, id_token: str, access_token: str, nonce: str) -> Claims:
        """Raises OidcRefused, OidcUnavailable."""
        try:
            token = await self._decode(id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self._issuer.url},
                    "aud": {"essential": True, "value": self._client_id},
                    "sub": {"essential": True},
                },
                params={"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
            )
            claims.validate(now=int(self._clock()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            raise refused(f"ID token: {type(error).__name__} {getattr(error, 'claim', '')}".rstrip()) from error
        if len(claims["sub"]) > MAX_SUBJECT:
            raise refused("ID token: subject too long")
        return dict(claims)

    async def _decode(self, id_token: str) -> jwt.Token:
        keys = await self._issuer.keys()
        try:
            return decoded(id_token, keys)
        except InvalidKeyIdError:  # the provider may have new keys
            return decoded(id_token, await self._issuer.newer_keys(keys))


def decoded(id_token: str, keys: KeySet) -> jwt.Token:
    return jwt.decode(id_token, keys, registry=Registry())


def refused(reason: str) -> OidcRefused:
    """reason: for the log, in our own words."""
    return OidcRefused("What the identity provider sent does not hold.", reason=reason)
