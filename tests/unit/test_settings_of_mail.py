"""Which settings of mail a start is refused with."""

import pytest
from pydantic import ValidationError

from tests.conftest import MakeSettings

MAIL = {"smtp_host": "mail.example.com", "smtp_from": "aether@example.com"}
URL = {"public_url": "https://chat.example.com"}
PRODUCTION = {"env": "production"}
VERIFIED = {"require_verified_email": True}


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"smtp_host": "mail.example.com"}, "SMTP_FROM"),
        (PRODUCTION | {"require_verified_email": True}, "SMTP_HOST"),
        (PRODUCTION | MAIL, "AETHER_PUBLIC_URL"),
        ({"public_url": "chat.example.com"}, "public_url"),
        ({"public_url": "javascript:alert(1)"}, "public_url"),
    ],
)
def test_what_is_missing_is_named(settings: MakeSettings, fields: dict[str, object], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        settings(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"require_verified_email": True},
        MAIL,
        PRODUCTION,
        PRODUCTION | MAIL | URL | {"require_verified_email": True},
    ],
)
def test_what_is_complete_is_taken(settings: MakeSettings, fields: dict[str, object]) -> None:
    settings(**fields)
