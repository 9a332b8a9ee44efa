"""Who somebody is at an identity provider, and the account that this belongs to."""

from dataclasses import dataclass
from datetime import datetime

from backend.domain.users import Locale


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """What the provider says of who signed in there. issuer and subject together name a person, for ever.

    email: lower-cased, empty where there is none. email_verified: whether the provider vouches for it.
    signed_in_at: when the person last showed to the provider who they are, None where it does not say.
    administrator: whether the provider says so; None where it is not asked.
    """

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    locale: Locale
    signed_in_at: datetime | None
    administrator: bool | None


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """email: the provider's, at the last sign-in; it plays no part in who may sign in."""

    user_id: str
    issuer: str
    subject: str
    email: str
    linked_at: datetime
    last_used: datetime
