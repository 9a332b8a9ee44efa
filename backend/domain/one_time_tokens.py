"""One-time tokens: what a link in a mail carries, for instance."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from backend.domain.users import Locale

Purpose = Literal["register", "verify", "reset", "confirm", "mfa"]
"""confirm: not of a mail; it says that the identity provider has just asked for the password.

mfa: not of a mail either; it leads from a right password to the second factor.
"""


@dataclass(frozen=True, slots=True)
class Registration:
    """An account that begins to exist when its address is verified. password_hash: argon2id."""

    email: str
    password_hash: str = field(repr=False)
    name: str
    locale: Locale


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """hash: SHA-256 of the token, which nobody has but the reader of the mail, or who sent the right password.

    user_id: whose token it is; for a registration an id that no user has. email: of the account, where a mail goes.
    """

    hash: str = field(repr=False)
    purpose: Purpose
    user_id: str
    email: str
    created_at: datetime
    expires_at: datetime
    registration: Registration | None = None
