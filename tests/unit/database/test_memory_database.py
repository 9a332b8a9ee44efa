"""What memory:// can and cannot do, and the user that is read through a cache."""

import pytest

from backend.errors import DatabaseUnavailable
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import (
    AlreadyStored,
    Delete,
    Insert,
    NothingMatched,
    ScalableDatabase,
    Update,
    Write,
)
from backend.services.scalable_database.user_cache import encode_user


class Cache:
    """A user cache that counts."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.reads = 0

    async def get_session(self, user_id: str) -> bytes | None:
        self.reads += 1
        return self.stored.get(user_id)

    async def set_session(self, user_id: str, value: bytes) -> None:
        self.stored[user_id] = value


async def test_text_search_is_refused_with_a_reason(database: ScalableDatabase) -> None:
    with pytest.raises(DatabaseUnavailable, match="memory") as caught:
        await MessageRepository(database).search("user_ada", ("keyset",), 10)
    assert caught.value.code == "search_unavailable"


async def test_failed_commit_undoes_what_it_did(database: ScalableDatabase) -> None:
    documents = database.collection("documents")
    await documents.insert_many([{"_id": "kept", "n": 1}, {"_id": "deleted", "n": 2}])
    writes: list[Write] = [
        Insert("documents", {"_id": "new"}),
        Update("documents", {"_id": "kept"}, {"$inc": {"n": 5}}),
        Update("documents", {"_id": "upserted"}, {"$set": {"n": 1}}, upsert=True),
        Delete("documents", {"_id": "deleted"}),
    ]
    refusals: tuple[tuple[Write, type[Exception]], ...] = (
        (Delete("documents", {"_id": "absent"}), NothingMatched),
        (Update("documents", {"_id": "absent"}, {"$set": {"n": 1}}), NothingMatched),
        (Insert("documents", {"_id": "kept"}), AlreadyStored),
    )
    for refused, error in refusals:
        with pytest.raises(error):
            await database.commit([*writes, refused])
        stored = {row["_id"]: row["n"] for row in await documents.find({}).to_list(None)}
        assert stored == {"kept": 1, "deleted": 2}
    await database.commit(writes)
    assert {row["_id"] for row in await documents.find({}).to_list(None)} == {"kept", "new", "upserted"}


async def test_database_that_is_not_open_says_so() -> None:
    with pytest.raises(DatabaseUnavailable):
        await ScalableDatabase("memory://", "aether").ping()


async def with_cache(cache: Cache) -> tuple[ScalableDatabase, str]:
    database = ScalableDatabase("memory://", "aether", user_cache=cache)
    await database.start()
    user = await UserRepository(database).create("ada@example.com", "hash", "Ada")
    return database, user.id


async def test_user_is_read_once_and_then_from_the_cache() -> None:
    cache = Cache()
    database, user_id = await with_cache(cache)
    first = await database.get_user_with_cache(user_id)
    await database.collection("users").delete_many({})
    second = await database.get_user_with_cache(user_id)
    assert first == second
    assert first is not None
    assert (first.email, first.password_hash) == ("ada@example.com", None)
    assert b"hash" not in cache.stored[user_id]
    assert await database.get_user_with_cache("user_nobody") is None


@pytest.mark.parametrize("stored", [b"", b"nonsense", b"{}", b"[]", b'{"id": "x"}', b'{"id": 1, "created_at": 3}'])
async def test_foreign_bytes_in_the_cache_are_a_miss(stored: bytes) -> None:
    cache = Cache()
    database, user_id = await with_cache(cache)
    cache.stored[user_id] = stored
    user = await database.get_user_with_cache(user_id)
    assert user is not None
    assert user.id == user_id


async def test_another_users_entry_in_the_cache_is_a_miss() -> None:
    cache = Cache()
    database, user_id = await with_cache(cache)
    eve = await UserRepository(database).create("eve@example.com", "hash", "Eve")
    cache.stored[user_id] = encode_user(eve)
    user = await database.get_user_with_cache(user_id)
    assert user is not None
    assert user.email == "ada@example.com"


async def test_without_a_cache_the_database_answers(database: ScalableDatabase) -> None:
    user = await UserRepository(database).create("ada@example.com", "hash", "Ada")
    found = await database.get_user_with_cache(user.id)
    assert found is not None
    assert found.password_hash is None
