"""A whole account as one JSON document, written while it is read: memory holds one batch, however much there is."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import orjson

from backend.domain.audit import AuditAction
from backend.domain.usage import format_usd
from backend.domain.users import User
from backend.errors import Unauthenticated
from backend.services.audit_log import AuditLog
from backend.services.repositories.personal_data import HOLDINGS, PersonalDataRepository
from backend.services.repositories.users import UserRepository

MONEY = ("cost", "baseline", "saved", "reported_cost", "saved_routing", "saved_cache")


class AccountExport:
    def __init__(self, users: UserRepository, data: PersonalDataRepository, audit: AuditLog) -> None:
        self._users = users
        self._data = data
        self._audit = audit

    async def begin(self, user_id: str, at: datetime) -> AsyncGenerator[bytes, None]:
        """The document in parts. Raises Unauthenticated before the first where the account was deleted.

        One that ends early, because the database went away, is no valid JSON.
        """
        user = await self._users.by_id(user_id)
        if user is None:
            raise Unauthenticated("This account does not exist any more.")
        await self._audit.record(AuditAction.ACCOUNT_EXPORTED, user_id=user.id)
        return self._write(user, at)

    async def _write(self, user: User, at: datetime) -> AsyncGenerator[bytes, None]:
        yield b'{"exported_at":' + _encoded(at) + b',"user":' + _encoded(_profile(user))
        for holding in HOLDINGS:
            if not holding.exported:
                continue
            yield b',"' + holding.collection.encode() + b'":['
            separator = b""
            async for rows in self._data.export(user.id, holding):
                yield separator + b",".join(_encoded(_readable(row)) for row in rows)
                separator = b","
            yield b"]"
        yield b"}"


def _profile(user: User) -> dict[str, Any]:
    names = ("id", "email", "name", "role", "plan", "locale", "retention_days", "verified_at", "created_at")
    return {name: getattr(user, name) for name in names}


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Money in USD, as everywhere in the API."""
    return row | {name: format_usd(row[name]) for name in MONEY if name in row}


def _encoded(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)
