"""API keys."""

import asyncio
from datetime import UTC, datetime, timedelta

from backend.domain.api_keys import MAX_KEYS, ApiKey, KeyChanges
from backend.domain.ids import new_id
from backend.services.repositories.api_keys import ApiKeyRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import ScalableDatabase

NOW = datetime(2099, 1, 1, tzinfo=UTC)


def make_api_key(name: str, user_id: str = "user_ada", age_s: float = 0) -> ApiKey:
    key_id = new_id("key")
    return ApiKey(
        id=key_id,
        user_id=user_id,
        name=name,
        prefix="aek_00000000",
        hash=f"hash of {key_id}",
        scopes=("chat", "usage:read"),
        limit="100/minute",
        created_at=NOW - timedelta(seconds=age_s),
        expires_at=NOW + timedelta(days=1),
    )


async def test_a_key_is_found_by_its_hash_and_listed_newest_first(database: ScalableDatabase) -> None:
    keys = ApiKeyRepository(database)
    old, new, others = make_api_key("old", age_s=9), make_api_key("new"), make_api_key("other", "user_eve")
    for key in (old, new, others):
        assert await keys.create(key)
    assert await keys.of_user("user_ada") == [new, old]
    assert await keys.by_hash(old.hash) == old
    assert await keys.by_hash("unknown") is None


async def test_a_key_is_changed_by_its_owner_only(database: ScalableDatabase) -> None:
    keys = ApiKeyRepository(database)
    key = make_api_key("one")
    await keys.create(key)
    assert await keys.change("user_eve", key.id, KeyChanges(name="mine")) is None
    changed = await keys.change("user_ada", key.id, KeyChanges(scopes=("chat",), limit="off"))
    assert changed is not None
    assert (changed.name, changed.scopes, changed.limit) == ("one", ("chat",), None)
    assert await keys.change("user_ada", key.id, KeyChanges(name="two", limit="1/second")) is not None
    [stored] = await keys.of_user("user_ada")
    assert (stored.name, stored.scopes, stored.limit) == ("two", ("chat",), "1/second")


async def test_a_revoked_key_leaves_its_hash_and_nothing_personal(database: ScalableDatabase) -> None:
    keys = ApiKeyRepository(database)
    one, two = make_api_key("one"), make_api_key("two")
    await keys.create(one)
    await keys.create(two)
    before = database.now()
    assert not await keys.revoke("user_eve", one.id)
    assert await keys.revoke("user_ada", one.id)
    assert not await keys.revoke("user_ada", one.id)
    assert [key.name for key in await keys.of_user("user_ada")] == ["two"]
    left = await keys.by_hash(one.hash)
    assert left is not None
    assert left.revoked_at is not None
    assert left.name == ""
    assert await keys.changed_since(before - timedelta(seconds=1)) == {"user_ada"}
    assert await keys.changed_since(before + timedelta(hours=1)) == set()
    assert await keys.change("user_ada", one.id, KeyChanges(name="again")) is None
    await keys.revoke_all("user_ada")
    assert await keys.of_user("user_ada") == []


async def test_a_user_has_a_bounded_number_of_keys_however_many_are_made_at_once(database: ScalableDatabase) -> None:
    keys = ApiKeyRepository(database)
    made = await asyncio.gather(*(keys.create(make_api_key(f"{number}")) for number in range(MAX_KEYS + 5)))
    assert sum(made) == len(await keys.of_user("user_ada")) <= MAX_KEYS
    while await keys.create(make_api_key("more")):
        pass
    assert len(await keys.of_user("user_ada")) == MAX_KEYS


async def test_a_mark_of_use_never_goes_back(database: ScalableDatabase) -> None:
    keys = ApiKeyRepository(database)
    key = make_api_key("one")
    await keys.create(key)
    for at in (NOW, NOW - timedelta(hours=1)):
        await keys.note_use([("user_ada", key.id, at), ("user_eve", key.id, NOW + timedelta(days=1))])
    [stored] = await keys.of_user("user_ada")
    assert stored.last_used == NOW


async def test_the_owner_of_a_key_has_a_role_until_the_account_ends(database: ScalableDatabase) -> None:
    keys, users = ApiKeyRepository(database), UserRepository(database)
    user = await users.create("ada@example.com", "hash", "Ada", "premium")
    assert await keys.owner_role(user.id) == "premium"
    await users.mark_deleted(user.id, NOW)
    assert await keys.owner_role(user.id) is None
    assert await keys.owner_role("nobody") is None
