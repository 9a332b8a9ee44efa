"""What an entry of the audit log says, and where it has it from."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.types import Receive, Scope, Send

from backend.domain.audit import SHELL, UNKNOWN, AuditAction, AuditFilter
from backend.middleware.correlation import CorrelationMiddleware
from backend.services.audit_log import AuditLog
from backend.services.repositories.audit_log import AdminAuditLogRepository, AuditLogRepository
from tests.support.asgi import ok, request
from tests.support.database.opening import opened

NOW = datetime(2099, 6, 1, tzinfo=UTC)


@pytest.fixture
async def audit() -> AsyncIterator[AuditLog]:
    async with opened("memory://", "aether") as database:
        entries = AuditLogRepository(database, timedelta(days=30))
        yield AuditLog(entries, AdminAuditLogRepository(database), now=lambda: NOW)


async def test_an_entry_says_who_did_what_to_whom_and_from_where(audit: AuditLog) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await audit.record(AuditAction.SIGNED_IN, user_id="user_ada", session="sess_1")
        await ok(scope, receive, send)

    await request(CorrelationMiddleware(app), headers={"X-Correlation-ID": "mine"})
    [entry], _ = await audit.page(AuditFilter(), 10, None)
    assert (entry.at, entry.action, entry.user_id, entry.actor_id) == (NOW, "signed_in", "user_ada", "user_ada")
    assert (entry.address, entry.correlation_id) == ("127.0.0.1", "mine")
    assert (entry.detail, entry.count) == ({"session": "sess_1"}, 1)


async def test_outside_of_a_request_there_is_no_address(audit: AuditLog) -> None:
    await audit.record(AuditAction.ROLE_CHANGED, user_id="user_ada", actor_id=SHELL, role="admin")
    [entry], _ = await audit.page(AuditFilter(), 10, None)
    assert (entry.actor_id, entry.address, entry.correlation_id) == ("shell", None, None)


async def test_nobody_did_nothing_to_nobody(audit: AuditLog) -> None:
    await audit.record(AuditAction.SIGN_IN_FAILED, user_id=None, actor_id=UNKNOWN)
    with pytest.raises(ValueError, match="names"):
        await audit.record(AuditAction.SIGN_IN_FAILED, user_id=None)
