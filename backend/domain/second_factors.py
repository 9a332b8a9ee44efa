"""A second factor: a secret that the server and the user's authenticator share (TOTP, RFC 6238), and recovery codes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Proof = Literal["totp", "recovery_code"]
"""What a user showed to have: the authenticator, or a code of the list."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """secret: sealed. enabled_at: None until the user has shown that the authenticator knows the secret.

    recovery_codes: SHA-256 of those that are left.
    """

    user_id: str
    secret: str = field(repr=False)
    created_at: datetime
    enabled_at: datetime | None
    recovery_codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator is told, once. secret: base32. expires_in: seconds until it is to be confirmed."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    expires_in: int
