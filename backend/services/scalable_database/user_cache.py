"""A user as cached bytes: without the password hash, and with the owner verified on read."""

from datetime import datetime
from typing import Protocol

import orjson
import structlog

from backend.domain.users import User

log = structlog.get_logger()


class UserCache(Protocol):
    """Bytes by user, kept for minutes at most. PerformanceCache's user-session cache is one."""

    async def get_session(self, user_id: str) -> bytes | None: ...

    async def set_session(self, user_id: str, value: bytes) -> None: ...


def encode_user(user: User) -> bytes:
    return orjson.dumps(
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "plan": user.plan,
            "created_at": user.created_at.isoformat(),
            "verified_at": user.verified_at.isoformat() if user.verified_at else None,
            "locale": user.locale,
            "retention_days": user.retention_days,
        }
    )


def decode_user(user_id: str, stored: bytes) -> User | None:
    """None where the bytes are of another schema or, worse, of another user."""
    try:
        fields = orjson.loads(stored)
        verified_at = fields["verified_at"] and datetime.fromisoformat(fields["verified_at"])
        times = {"created_at": datetime.fromisoformat(fields["created_at"]), "verified_at": verified_at}
        user = User(**{**fields, **times})
    except (orjson.JSONDecodeError, TypeError, KeyError, ValueError):
        return None
    if user.id != user_id:
        log.error("cached_user_of_another_owner", user_id=user_id)
        return None
    return user
