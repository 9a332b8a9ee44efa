"""Identity: who a caller is. Registration, sign-in, access and refresh tokens, sign-out."""

from backend.services.identity.identity import Identity, Tokens
from backend.services.identity.tokens import ACCESS_LIFETIME_S, Principal

__all__ = ["ACCESS_LIFETIME_S", "Identity", "Principal", "Tokens"]
