"""ScalableDatabase on a real server: deadlines, durability, isolation, search, and what it tells of its commands."""

import asyncio
import time
from datetime import timedelta

import pytest
import structlog
from pymongo import WriteConcern

from backend.errors import DatabaseUnavailable, DeadlineExceeded, InvalidInput
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.scalable_database import (
    CommandEvent,
    Delete,
    Insert,
    NothingMatched,
    ScalableDatabase,
    Update,
    translated,
)
from backend.services.scalable_database.transactions import Transactions
from tests.support.database.opening import Driver, opened, started
from tests.support.database.turns import NOW, make_outcome, make_turn
from tests.support.proxy import proxied
from tests.support.waiting import eventually

SECRET = "what a user typed"


async def test_ping_takes_time_and_an_absent_server_is_told_soon(mongo_url: str, driver: Driver) -> None:
    async with opened(mongo_url, "unused", driver) as database:
        assert 0 < await database.ping() < 5
    async with opened("mongodb://127.0.0.1:9", "unused", driver, timeout_s=0.3) as database:
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailable) as caught:
            await database.ping()
        assert time.monotonic() - begun < 2
        assert caught.value.retry_after


async def test_start_does_not_wait_for_an_absent_server(driver: Driver) -> None:
    database = ScalableDatabase("mongodb://127.0.0.1:9", "unused", driver=driver, timeout_s=30)
    begun = time.monotonic()
    await database.start()
    await database.close()
    assert time.monotonic() - begun < 5


async def test_slow_query_ends_at_its_deadline_on_the_server_too(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    async with opened(mongo_url, database_name, driver, timeout_s=0.5) as database:
        await database.collection("messages").insert_many([{"n": n} for n in range(50)])
        begun = time.monotonic()
        # Which of the two comes first, the server's answer or the end of the client's patience, is open.
        with pytest.raises((DeadlineExceeded, DatabaseUnavailable)), translated():
            await database.collection("messages").find({"$where": "sleep(200) || true"}).to_list(None)
        assert time.monotonic() - begun < 2

        async def ended() -> bool:
            running = await database.driver.admin_command({"currentOp": 1, "ns": f"{database_name}.messages"})
            return not running["inprog"]

        await eventually(ended, 2)


async def test_writes_are_acknowledged_by_a_majority_with_their_journal(database: ScalableDatabase) -> None:
    assert database.collection("messages").write_concern == WriteConcern(w="majority", j=True)


async def test_commit_is_all_or_nothing(database: ScalableDatabase) -> None:
    with pytest.raises(NothingMatched):
        await database.commit([Insert("documents", {"_id": "one"}), Delete("documents", {"_id": "absent"})])
    assert await database.collection("documents").count_documents({}) == 0


async def test_commit_of_a_cancelled_caller_ends_all_the_same(database: ScalableDatabase) -> None:
    task = asyncio.create_task(database.commit([Insert("documents", {"_id": "one"})]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async def stored() -> bool:
        return await database.collection("documents").count_documents({}) == 1

    await eventually(stored)


async def test_colliding_transactions_all_happen(database: ScalableDatabase) -> None:
    """Without the turn log's merging: plain write conflicts, retried."""
    await database.collection("documents").insert_one({"_id": "one", "n": 0})
    increment = Update("documents", {"_id": "one"}, {"$inc": {"n": 1}})
    transactions = Transactions(database.driver)
    await asyncio.gather(*(transactions.commit([increment], timeout_s=30) for _ in range(20)))
    stored = await database.collection("documents").find_one({"_id": "one"})
    assert stored is not None
    assert stored["n"] == 20


async def test_search_finds_words_of_the_users_own_messages(database: ScalableDatabase) -> None:
    async with started(database) as log:
        for user_id in ("user_ada", "user_eve"):
            for content in ("a keyset cursor", "a keyset and a keyset", "żółta łódź", "nothing of the kind"):
                await log.record(make_turn(user_id, content=content), make_outcome(content="Indeed."))
    messages = MessageRepository(database)

    async def found(*words: str) -> list[str]:
        page, _ = await messages.search("user_ada", words, 10)
        assert {message.user_id for message in page} <= {"user_ada"}
        return [message.content for message in page]

    assert await found("keyset") == ["a keyset and a keyset", "a keyset cursor"]
    assert await found("cursor", "KEYSET") == ["a keyset cursor"]
    assert await found("łódź") == await found("łodz") == ["żółta łódź"]
    assert await found("-keyset") == []
    assert await found("{$gt:", "}") == []
    with pytest.raises(InvalidInput):
        await database.search("users", "user_ada", ("keyset",), 10)


async def test_search_is_unavailable_until_its_index_is_built(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    async with opened(mongo_url, database_name, driver) as database:
        messages = MessageRepository(database)
        assert await messages.search("user_ada", ("keyset",), 10) == ([], None)  # who wrote nothing finds nothing
        async with started(database) as log:
            await log.record(make_turn(content="a keyset"), make_outcome(content="Indeed."))
        with pytest.raises(DatabaseUnavailable) as caught:
            await messages.search("user_ada", ("keyset",), 10)
        assert caught.value.code == "search_unavailable"
        await database.ensure_indexes()
        assert [message.content for message in (await messages.search("user_ada", ("keyset",), 10))[0]] == ["a keyset"]


async def test_every_command_is_told_on_the_loop_with_its_time(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    events: list[CommandEvent] = []
    loops: set[asyncio.AbstractEventLoop] = set()

    def on_command(event: CommandEvent) -> None:
        events.append(event)
        loops.add(asyncio.get_running_loop())

    async with opened(mongo_url, database_name, driver, on_command=on_command) as database:
        await database.collection("messages").insert_one({"content": SECRET})
        await database.collection("messages").find({}).to_list(None)
        with pytest.raises(Exception, match="nonsense"):
            await database.driver.command({"nonsense": 1})
        await eventually(lambda: len(events) >= 3)
    told = [(event.command, event.collection, event.ok) for event in events[:3]]
    assert told == [("insert", "messages", True), ("find", "messages", True), ("nonsense", "", False)]
    assert all(0 < event.seconds < 5 for event in events)
    assert loops == {asyncio.get_running_loop()}


async def test_slow_query_is_logged_by_its_shape(mongo_url: str, database_name: str, driver: Driver) -> None:
    with structlog.testing.capture_logs() as lines:
        async with opened(mongo_url, database_name, driver, slow_s=0.0) as database:
            await database.ensure_indexes()
            await MessageRepository(database).page("user_ada", SECRET, 10)
            async with started(database) as log:
                await log.record(make_turn(content=SECRET), make_outcome(content=SECRET))
    slow = [line for line in lines if line["event"] == "slow_query"]
    find = next(line for line in slow if line["command"] == "find")
    assert find["collection"] == "messages"
    assert find["shape"] == {
        "filter": {"conversation_id": "?", "user_id": "?"},
        "sort": {"created_at": "?", "_id": "?"},
    }
    assert {"insert", "update", "commitTransaction"} <= {line["command"] for line in slow}
    assert "createIndexes" not in {line["command"] for line in slow}
    assert SECRET not in str(lines)
    assert "user_ada" not in str(lines)


async def test_no_query_takes_more_commands_where_there_is_more_data(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    events: list[CommandEvent] = []

    async def commands(database: ScalableDatabase) -> int:
        """How many commands the reads and the deletion of one conversation take."""
        events.clear()
        conversations, messages = ConversationRepository(database), MessageRepository(database)
        page, _ = await conversations.page("user_ada", 100)
        await messages.page("user_ada", page[0].id, 100)
        await messages.recent("user_ada", page[0].id, 200)
        await messages.search("user_ada", ("keyset",), 50)
        await database.get_analytics_data("user_ada", 365)
        await conversations.purge("user_ada", page[0].id)
        await database.ping()
        await eventually(lambda: bool(events) and events[-1].command == "ping")
        return len(events)

    async with opened(mongo_url, database_name, driver, on_command=events.append) as database:
        await database.ensure_indexes()
        async with started(database) as log:
            await log.record(make_turn(), make_outcome())
            few = await commands(database)
            for day in range(20):
                at = NOW - timedelta(days=day)
                starts = [make_turn(created_at=at) for _ in range(5)]
                await asyncio.gather(*(log.record(turn, make_outcome(finished_at=at)) for turn in starts))
                followers = [make_turn(conversation_id=turn.conversation_id) for turn in starts for _ in range(3)]
                await asyncio.gather(*(log.record(turn, make_outcome()) for turn in followers))
            assert await commands(database) == few


async def test_connection_that_was_lost_is_replaced(mongo_url: str, database_name: str, driver: Driver) -> None:
    direct = f"{mongo_url.partition('?')[0]}?directConnection=true"
    async with proxied(direct) as (proxy, url), opened(url, database_name, driver) as database:
        await database.collection("documents").insert_one({"_id": 1})
        await proxy.cut()
        await database.collection("documents").insert_one({"_id": 2})
        await proxy.cut()
        assert await database.collection("documents").count_documents({}) == 2


async def test_batches_reach_every_document_once(database: ScalableDatabase) -> None:
    await database.collection("documents").insert_many([{"_id": n, "even": n % 2 == 0} for n in range(25)])
    sizes: list[int] = []
    seen: list[int] = []
    async for batch in database.batches("documents", {"even": True}, size=5):
        sizes.append(len(batch))
        seen.extend(row["_id"] for row in batch)
    assert sizes == [5, 5, 3]
    assert seen == list(range(0, 25, 2))
