"""The audit log: added, found by any combination of filters, and unlinked from a user who leaves."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from backend.domain.audit import UNKNOWN, AuditAction, AuditEntry, AuditFilter
from backend.domain.ids import new_id
from backend.errors import InvalidInput
from backend.services.repositories.audit_log import AdminAuditLogRepository, AuditLogRepository
from backend.services.repositories.personal_data import HOLDINGS, PersonalDataRepository
from backend.services.scalable_database import ScalableDatabase

NOON = datetime(2099, 6, 1, 12, tzinfo=UTC)
KEPT = timedelta(days=30)
USERS = ("user_ada", "user_eve")
ACTIONS = (AuditAction.SIGNED_IN, AuditAction.BUDGET_CHANGED)


def make_entry(
    action: AuditAction, *, user_id: str | None, actor_id: str, at: datetime = NOON, address: str | None = "192.0.2.7"
) -> AuditEntry:
    return AuditEntry(
        id=new_id("audit"),
        at=at,
        action=action.value,
        user_id=user_id,
        actor_id=actor_id,
        address=address,
        correlation_id="corr",
        detail={"session": "sess_1"},
    )


async def add_all(database: ScalableDatabase) -> list[AuditEntry]:
    """Every combination three times, a minute apart; newest first, as they are read."""
    entries = [
        make_entry(action, user_id=user_id, actor_id=actor_id, at=NOON + timedelta(minutes=minute))
        for minute in range(3)
        for action, user_id, actor_id in product(ACTIONS, USERS, USERS)
    ]
    for entry in entries:
        await AuditLogRepository(database, KEPT).add(entry)
    return sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)


def chosen(entries: Iterable[AuditEntry], where: AuditFilter) -> list[AuditEntry]:
    return [
        entry
        for entry in entries
        if where.actor_id in (None, entry.actor_id)
        and where.user_id in (None, entry.user_id)
        and where.action in (None, entry.action)
        and (where.since is None or entry.at >= where.since)
        and (where.until is None or entry.at < where.until)
    ]


async def pages(database: ScalableDatabase, where: AuditFilter, limit: int) -> list[list[AuditEntry]]:
    read, cursor = [], None
    while True:
        page, cursor = await AdminAuditLogRepository(database).page(where, limit, cursor)
        read.append(page)
        if cursor is None:
            return read


async def test_any_combination_of_filters_is_read_in_pages_without_gap_or_repetition(
    database: ScalableDatabase,
) -> None:
    entries = await add_all(database)
    for actor_id, user_id, action, since, until in product(
        (None, "user_ada"),
        (None, "user_eve"),
        (None, AuditAction.SIGNED_IN),
        (None, NOON + timedelta(minutes=1)),
        (None, NOON + timedelta(minutes=2)),
    ):
        where = AuditFilter(actor_id, user_id, action, since, until)
        read = await pages(database, where, 2)
        assert [entry for page in read for entry in page] == chosen(entries, where), where
        assert {len(page) for page in read[:-1]} <= {2}


async def test_a_cursor_does_not_lift_the_bounds_of_time(database: ScalableDatabase) -> None:
    """Also one of another list."""
    await add_all(database)
    log = AdminAuditLogRepository(database)
    _, cursor = await log.page(AuditFilter(), 1, None)
    page, _ = await log.page(AuditFilter(since=NOON, until=NOON + timedelta(minutes=1)), 100, cursor)
    assert {entry.at for entry in page} == {NOON}
    with pytest.raises(InvalidInput):
        await log.page(AuditFilter(), 1, "nonsense")


async def test_an_entry_expires(database: ScalableDatabase) -> None:
    entry = make_entry(AuditAction.SIGN_IN_FAILED, user_id=None, actor_id=UNKNOWN)
    await AuditLogRepository(database, KEPT).add(entry)
    stored = await database.collection("audit_log").find_one({"_id": entry.id})
    assert stored is not None
    assert stored["expires_at"] == NOON + KEPT


async def test_a_user_who_leaves_is_no_longer_named(database: ScalableDatabase) -> None:
    """What they did to others stays theirs, under the same new id, and so does what others did."""
    entries = await add_all(database)
    await PersonalDataRepository(database, batch=2).erase("user_ada", last=False)
    [after] = await pages(database, AuditFilter(), 100)
    names = {entry.user_id for entry in after} | {entry.actor_id for entry in after}
    [nobody] = names - {"user_eve"}
    assert nobody is not None
    assert nobody.startswith("deleted_")
    renamed = {"user_ada": nobody, "user_eve": "user_eve"}
    for old, new in zip(entries, after, strict=True):
        assert (new.user_id, new.actor_id) == (renamed[str(old.user_id)], renamed[old.actor_id])
        touched = "user_ada" in (old.user_id, old.actor_id)
        assert (new.address, new.correlation_id) == ((None, None) if touched else ("192.0.2.7", "corr"))
        assert (new.action, new.at, new.detail) == (old.action, old.at, old.detail)


async def test_what_somebody_else_did_to_an_account_is_not_in_its_export(database: ScalableDatabase) -> None:
    await add_all(database)
    [holding] = [holding for holding in HOLDINGS if holding.collection == "audit_log"]
    rows = [row async for batch in PersonalDataRepository(database).export("user_ada", holding) for row in batch]
    assert len(rows) == 6
    assert {row["actor_id"] for row in rows} == {"user_ada"}
    assert {row["address"] for row in rows} == {"192.0.2.7"}


async def test_several_workers_count_into_one_entry(database: ScalableDatabase) -> None:
    """At the same moment, in the same minute: nothing is lost and nothing is there twice."""
    hits = [make_entry(AuditAction.LIMIT_HIT, user_id=user_id, actor_id=user_id) for user_id in USERS]
    workers = [AuditLogRepository(database, KEPT) for _ in range(4)]
    entries = [replace(hit, id=f"count_{hit.user_id}", count=3) for hit in hits]
    await asyncio.gather(*(worker.count(entries) for worker in workers))
    [page] = await pages(database, AuditFilter(), 100)
    assert {(entry.user_id, entry.count) for entry in page} == {("user_ada", 12), ("user_eve", 12)}
    assert len(page) == 2
