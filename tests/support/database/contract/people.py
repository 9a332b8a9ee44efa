"""Users and sign-in sessions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.ids import new_id
from backend.domain.users import Session
from backend.errors import Conflict
from backend.services.repositories.auth_sessions import AuthSessionRepository
from backend.services.repositories.users import AdminUserRepository, UserRepository
from backend.services.scalable_database import ScalableDatabase

NOW = datetime(2099, 1, 1, tzinfo=UTC)


def make_session(user_id: str = "user_ada") -> Session:
    session_id = new_id("session")
    return Session(
        id=session_id,
        user_id=user_id,
        token_hash=f"hash of {session_id}",
        previous_hash=None,
        rotated_at=None,
        created_at=NOW,
        last_used=NOW,
        expires_at=NOW + timedelta(days=30),
        revoked_at=None,
        device="test",
    )


async def test_user_is_found_by_address_in_any_case_and_by_id(database: ScalableDatabase) -> None:
    users = UserRepository(database)
    created = await users.create(" Ada@Example.com ", "hash", "Ada")
    assert created.email == "ada@example.com"
    assert created.role == "user"
    found = await users.by_email("ADA@example.COM")
    assert found is not None
    assert (found.id, found.password_hash) == (created.id, "hash")
    assert await users.by_id(created.id) == found
    assert await users.by_id("user_other") is None
    assert await users.by_email("eve@example.com") is None


async def test_an_address_has_one_account(database: ScalableDatabase) -> None:
    users = UserRepository(database)
    await users.create("ada@example.com", "hash", "Ada")
    with pytest.raises(Conflict):
        await users.create("ADA@example.com", "other", "Eve")


async def test_password_hash_is_replaced(database: ScalableDatabase) -> None:
    users = UserRepository(database)
    user = await users.create("ada@example.com", "old", "Ada")
    await users.set_password_hash(user.id, "new")
    found = await users.by_id(user.id)
    assert found is not None
    assert found.password_hash == "new"


async def test_administrator_is_made_once(database: ScalableDatabase) -> None:
    admins = AdminUserRepository(database)
    assert not await admins.has_admin()
    assert await admins.ensure_admin("Root@example.com", "first")
    assert await admins.has_admin()
    assert not await admins.ensure_admin("root@example.com", "second")
    user = await UserRepository(database).by_email("root@example.com")
    assert user is not None
    assert (user.role, user.password_hash) == ("admin", "first")


async def test_existing_account_becomes_administrator_and_keeps_its_password(database: ScalableDatabase) -> None:
    await UserRepository(database).create("ada@example.com", "own", "Ada")
    assert not await AdminUserRepository(database).ensure_admin("ada@example.com", "generated")
    user = await UserRepository(database).by_email("ada@example.com")
    assert user is not None
    assert (user.role, user.password_hash, user.name) == ("admin", "own", "Ada")


async def test_session_is_its_users_alone(database: ScalableDatabase) -> None:
    sessions = AuthSessionRepository(database)
    session = make_session()
    await sessions.create(session)
    assert await sessions.get("user_ada", session.id) == session
    assert await sessions.get("user_eve", session.id) is None
    assert await sessions.by_token_hash(session.token_hash) == session
    assert not await sessions.revoke("user_eve", session.id)
    with pytest.raises(Conflict):
        await sessions.create(replace(make_session(), token_hash=session.token_hash))


async def test_token_rotates_once(database: ScalableDatabase) -> None:
    sessions = AuthSessionRepository(database)
    session = make_session()
    await sessions.create(session)
    later = NOW + timedelta(hours=1)
    assert await sessions.rotate(session.id, "user_ada", session.token_hash, "second", later)
    assert not await sessions.rotate(session.id, "user_ada", session.token_hash, "third", later)
    assert not await sessions.rotate(session.id, "user_eve", "second", "third", later)
    stored = await sessions.get("user_ada", session.id)
    assert stored == replace(
        session, token_hash="second", previous_hash=session.token_hash, rotated_at=later, last_used=later
    )


async def test_revoked_session_cannot_rotate_and_is_listed(database: ScalableDatabase) -> None:
    sessions = AuthSessionRepository(database)
    session, other = make_session(), make_session()
    await sessions.create(session)
    await sessions.create(other)
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert await sessions.revoke("user_ada", session.id)
    assert not await sessions.revoke("user_ada", session.id)
    assert not await sessions.rotate(session.id, "user_ada", session.token_hash, "second", NOW)
    assert await sessions.revoked_since(before) == [session.id]
    assert await sessions.revoked_since(datetime.now(UTC) + timedelta(hours=1)) == []


async def test_live_sessions_come_in_pages_latest_used_first(database: ScalableDatabase) -> None:
    sessions = AuthSessionRepository(database)
    mine = [replace(make_session(), last_used=NOW + timedelta(hours=age // 2)) for age in range(5)]
    ended, expired, others = make_session(), replace(make_session(), expires_at=NOW), make_session("user_eve")
    for session in (*mine, ended, expired, others):
        await sessions.create(session)
    await sessions.revoke("user_ada", ended.id)
    seen: list[Session] = []
    cursor = None
    while True:
        page, cursor = await sessions.live_page("user_ada", NOW, 2, cursor)
        assert len(page) <= 2
        seen += page
        if cursor is None:
            break
    assert seen == sorted(mine, key=lambda session: (session.last_used, session.id), reverse=True)


async def test_all_live_sessions_of_one_user_are_revoked(database: ScalableDatabase) -> None:
    sessions = AuthSessionRepository(database)
    mine, ended, others = make_session(), make_session(), make_session("user_eve")
    for session in (mine, ended, others):
        await sessions.create(session)
    await sessions.revoke("user_ada", ended.id)
    assert await sessions.revoke_all("user_ada") == [mine.id]
    for session in (mine, ended):
        stored = await sessions.get("user_ada", session.id)
        assert stored is not None
        assert stored.revoked_at is not None
    untouched = await sessions.get("user_eve", others.id)
    assert untouched is not None
    assert untouched.revoked_at is None
