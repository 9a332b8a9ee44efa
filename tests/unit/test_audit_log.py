"""What an entry of the audit log says, and where it has it from."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.types import Receive, Scope, Send

from backend.domain.audit import SHELL, UNKNOWN, AuditAction, AuditFilter
from backend.errors import DatabaseUnavailable
from backend.middleware.correlation import CorrelationMiddleware
from backend.services.audit_log import AuditLog
from backend.services.audit_log.counts import Counts
from backend.services.repositories.audit_log import AdminAuditLogRepository, AuditLogRepository
from tests.support.asgi import ok, request
from tests.support.database.contract.audit import make_entry
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


async def test_what_happens_often_is_one_entry_a_minute_and_subject(audit: AuditLog) -> None:
    """However many addresses a user comes from; nobody is told apart by address only."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        user_id = None if scope["path"] == "/" else scope["path"][1:]
        audit.count(AuditAction.LIMIT_HIT, user_id=user_id, actor_id=user_id or UNKNOWN, limit="chat")
        await ok(scope, receive, send)

    for path, client in [("/user_ada", "192.0.2.1")] * 3 + [("/user_ada", "192.0.2.2"), ("/", "192.0.2.1")] * 2:
        await request(CorrelationMiddleware(app), path=path, client=client)
    assert await audit.page(AuditFilter(), 10, None) == ([], None)
    await audit.flush()
    await audit.flush()
    assert await counted(audit) == {("user_ada", "192.0.2.1"): 5, (None, "192.0.2.1"): 2}
    await request(CorrelationMiddleware(app), path="/user_ada")
    await audit.flush()
    assert (await counted(audit))["user_ada", "192.0.2.1"] == 6


async def counted(audit: AuditLog) -> dict[tuple[str | None, str | None], int]:
    entries, _ = await audit.page(AuditFilter(), 100, None)
    assert {entry.at for entry in entries} == {NOW}
    return {(entry.user_id, entry.address): entry.count for entry in entries}


async def test_a_flood_of_subjects_needs_neither_memory_nor_many_writes() -> None:
    counts = Counts(subjects=3)
    for number in range(1000):
        counts.add(make_entry(AuditAction.LIMIT_HIT, user_id=f"user_{number}", actor_id=f"user_{number}"))
    taken = counts.take()
    assert [(entry.user_id, entry.count) for entry in taken] == [
        ("user_0", 1),
        ("user_1", 1),
        ("user_2", 1),
        (None, 997),
    ]
    assert (taken[-1].actor_id, taken[-1].address, taken[-1].detail["subjects"]) == ("unknown", None, "many others")


async def test_what_could_not_be_written_is_written_later(audit: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailable("away")

    audit.count(AuditAction.LIMIT_HIT, user_id="user_ada", limit="chat")
    with monkeypatch.context() as patched:
        patched.setattr(AuditLogRepository, "count", away)
        await audit.flush()
    audit.count(AuditAction.LIMIT_HIT, user_id="user_ada", limit="chat")
    await audit.close()
    assert await counted(audit) == {("user_ada", None): 2}
