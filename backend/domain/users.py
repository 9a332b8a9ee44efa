"""Users and their sign-in sessions as the services pass them around."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict

from backend.domain.budgets import Budget

UserRole = Literal["user", "premium", "admin"]
Locale = Literal["en", "pl"]
DEFAULT_LOCALE: Locale = "en"
DEFAULT_PLAN = "free"


@dataclass(frozen=True, slots=True)
class User:
    """A registered person. email is lower-cased.

    password_hash (argon2id) is None where there is no password, and wherever it was not loaded: a user that came from a
    cache never carries it.
    verified_at: when it was shown that mail to the address reaches the user. locale: of the mails to the user.
    retention_days: conversations that were not used for so many days are deleted, None for never.
    disabled_at: since when nobody can sign in as this user, because an administrator said so.
    """

    id: str
    email: str
    name: str
    role: UserRole
    plan: str
    created_at: datetime
    password_hash: str | None = field(default=None, repr=False)
    verified_at: datetime | None = None
    locale: Locale = DEFAULT_LOCALE
    retention_days: int | None = None
    disabled_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """The account was deleted: what is left is a mark, whose address is its id."""
        return self.email == self.id


@dataclass(frozen=True, slots=True)
class ManagedUser:
    """A user as administrators see them. budget: of their own, None for the usual one."""

    user: User
    budget: Budget | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What users may change about themselves as they like."""

    name: str
    locale: Locale
    retention_days: int | None


class ProfileChanges(TypedDict, total=False):
    """Fields of a Profile; those that are not there stay as they are."""

    name: str
    locale: Locale
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in on one device: a family of refresh tokens of which only the latest is valid.

    token_hash: SHA-256 of the valid token. previous_hash: of the token before it, whose reuse betrays a theft.
    expires_at is absolute: rotation never moves it.
    """

    id: str
    user_id: str
    token_hash: str = field(repr=False)
    previous_hash: str | None = field(repr=False)
    rotated_at: datetime | None
    created_at: datetime
    last_used: datetime
    expires_at: datetime
    revoked_at: datetime | None
    device: str
