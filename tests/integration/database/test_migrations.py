"""Migrations on a real server: once, in order, by one process at a time."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from bson import Int64
from pymongo.errors import WriteError

from backend.domain.search import week_of
from backend.errors import DatabaseUnavailable
from backend.services.migrations import MIGRATIONS, DatabaseIsNewer, Migration, Migrations
from backend.services.migrations.m0001_baseline import run as baseline
from backend.services.migrations.m0002_conversation_states import run as conversation_states
from backend.services.migrations.m0003_savings import run as savings
from backend.services.migrations.m0004_message_weeks import run as message_weeks
from backend.services.migrations.m0005_usage_totals import run as usage_totals
from backend.services.migrations.m0006_title_states import run as title_states
from backend.services.repositories.leases import LeaseRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.scalable_database.indexes import INDEXES
from tests.support.database.opening import Driver, opened
from tests.support.database.turns import NOW


@dataclass
class Steps:
    """Migrations that write down when they begin and end, to see whether two ever run at once."""

    log: list[str] = field(default_factory=list)

    def migration(self, number: int, *, fails: bool = False) -> Migration:
        async def run(database: ScalableDatabase) -> None:
            self.log.append(f"begin {number}")
            await database.ping()
            if fails:
                raise RuntimeError("this step fails")
            self.log.append(f"end {number}")

        return Migration(number, f"step {number}", run)


async def test_steps_run_once_and_in_order(database: ScalableDatabase) -> None:
    steps = Steps()
    table = [steps.migration(1), steps.migration(2)]
    assert await Migrations(database, table).apply() == [1, 2]
    assert await Migrations(database, table).apply() == []
    assert await Migrations(database, [*table, steps.migration(3)]).apply() == [3]
    assert steps.log == [f"{what} {number}" for number in (1, 2, 3) for what in ("begin", "end")]
    stored = [row async for row in database.collection("migrations").find({}, sort=[("_id", 1)])]
    assert [(row["_id"], row["name"]) for row in stored] == [(1, "step 1"), (2, "step 2"), (3, "step 3")]


async def test_processes_that_start_at_once_take_turns(mongo_url: str, database_name: str, driver: Driver) -> None:
    steps = Steps()
    table = [steps.migration(1), steps.migration(2)]
    async with (
        opened(mongo_url, database_name, driver) as one,
        opened(mongo_url, database_name, driver) as two,
        opened(mongo_url, database_name, driver) as three,
    ):
        applied = await asyncio.gather(*(Migrations(database, table).apply() for database in (one, two, three)))
    assert sorted(applied) == [[], [], [1, 2]]
    assert steps.log == ["begin 1", "end 1", "begin 2", "end 2"]


async def test_failed_step_is_repeated_and_nothing_after_it_has_run(database: ScalableDatabase) -> None:
    steps = Steps()
    with pytest.raises(RuntimeError):
        await Migrations(database, [steps.migration(1), steps.migration(2, fails=True), steps.migration(3)]).apply()
    assert steps.log == ["begin 1", "end 1", "begin 2"]
    assert await Migrations(database, [steps.migration(1), steps.migration(2), steps.migration(3)]).apply() == [2, 3]


async def test_database_of_a_later_release_is_left_alone(database: ScalableDatabase) -> None:
    steps = Steps()
    await Migrations(database, [steps.migration(1), steps.migration(2)]).apply()
    with pytest.raises(DatabaseIsNewer):
        await Migrations(database, [steps.migration(1)]).apply()


async def test_process_that_never_finishes_is_told(database: ScalableDatabase) -> None:
    await LeaseRepository(database).acquire("migrations", "somebody else", 60)
    with pytest.raises(DatabaseUnavailable):
        await Migrations(database, [Steps().migration(1)], wait_s=0.3).apply()


async def test_baseline_forbids_what_must_never_be_stored(mongo_url: str, database_name: str, driver: Driver) -> None:
    async with opened(mongo_url, database_name, driver) as database:
        assert await Migrations(database, MIGRATIONS).apply() == [migration.number for migration in MIGRATIONS]
        await baseline(database)  # idempotent
        missing = set((await database.index_drift()).missing)
        assert missing == {f"{index.collection}.{index.name}" for index in INDEXES if not index.unique}
        for collection in ("ai_usage", "usage_daily"):
            with pytest.raises(WriteError):
                await database.collection(collection).insert_one({"_id": "x", "cost": 0.1})
            await database.collection(collection).insert_one({"_id": "x", "cost": None})


async def test_memory_needs_no_server_to_migrate() -> None:
    async with opened("memory://", "aether") as database:
        assert await Migrations(database, MIGRATIONS).apply() == [migration.number for migration in MIGRATIONS]
        assert await Migrations(database, MIGRATIONS).apply() == []


def test_numbers_ascend(database_name: str) -> None:
    steps = Steps()
    database = ScalableDatabase("memory://", database_name)
    with pytest.raises(ValueError, match="ascending"):
        Migrations(database, [steps.migration(2), steps.migration(1)])
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


async def test_conversations_of_an_earlier_release_are_kept(database: ScalableDatabase) -> None:
    conversations = database.collection("conversations")
    old = {"user_id": "user_ada", "archived": False, "pinned": True, "project_id": "folder_1", "updated_at": NOW}
    await conversations.insert_many([{**old, "_id": f"conv_{number:03}"} for number in range(501)])
    await conversations.create_index([("user_id", 1), ("archived", 1)], name="user_archived_updated")
    for _ in range(2):
        await conversation_states(database)
    kept = {"user_id": "user_ada", "state": "kept", "temporary": False, "folder_id": "folder_1"}
    assert await conversations.count_documents({**kept, "project_id": {"$exists": False}}) == 501
    assert not await database.index_drift()


async def test_what_an_earlier_release_saved_is_the_difference_that_it_showed(database: ScalableDatabase) -> None:
    await baseline(database)
    counters = database.collection("usage_daily")
    await counters.insert_one({"_id": "old", "day": "2026-11-21", "cost": Int64(2), "baseline": Int64(5)})
    await counters.insert_one({"_id": "new", "cost": Int64(2), "baseline": Int64(5), "saved_routing": Int64(1)})
    for _ in range(2):
        await savings(database)
    assert {row["_id"]: row["saved_routing"] async for row in counters.find({})} == {"old": 3, "new": 1}
    with pytest.raises(WriteError):
        await counters.insert_one({"_id": "x", "saved_cache": 0.1})


async def test_messages_of_an_earlier_release_get_their_week(database: ScalableDatabase) -> None:
    messages = database.collection("messages")
    instants = [NOW, NOW - timedelta(days=400), datetime(1970, 1, 1, tzinfo=UTC), datetime(1965, 5, 5, tzinfo=UTC)]
    old = [{"user_id": "user_ada", "message_id": f"msg_{n}", "created_at": at} for n, at in enumerate(instants)]
    rows = [{**row, "request_id": row["message_id"], "role": "user", "part": 0} for row in old]
    await messages.drop_index("user_week_text")
    await messages.create_index([("user_id", 1), ("content", "text")], name="user_text")
    await messages.insert_many(rows)
    for _ in range(2):
        await message_weeks(database)
    found = [row["week"] async for row in messages.find({}).sort("message_id")]
    assert found == [week_of(instant) for instant in instants]
    assert await database.ensure_indexes() == ["messages.user_week_text"]
    assert not await database.index_drift()


async def test_indexes_of_an_earlier_release_give_way_to_their_successors(database: ScalableDatabase) -> None:
    conversations, counters = database.collection("conversations"), database.collection("usage_daily")
    await conversations.drop_index("user_state_title")
    await conversations.create_index([("user_id", 1), ("title", "text")], name="user_title")
    await counters.create_index([("day", 1), ("model", 1)], name="day_model")
    for _ in range(2):
        await usage_totals(database)
        await title_states(database)
    assert await database.ensure_indexes() == ["conversations.user_state_title"]
    assert not await database.index_drift()
