"""The turn log when MongoDB fails, collides or goes away: nothing acknowledged is lost, nothing counts twice."""

import asyncio
import sys
import time

import pytest

from backend.domain.daily_usage import total
from backend.errors import DatabaseUnavailable
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.usage import UsageRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.turn_log import TurnLog
from tests.support.database.failpoints import end_open_transactions, failing
from tests.support.database.opening import Driver, opened, started
from tests.support.database.turns import COST, NOW, make_call, make_outcome, make_turn
from tests.support.proxy import proxied
from tests.support.waiting import eventually

UNKNOWN_COMMIT = {"code": 64, "errmsg": "waiting for replication timed out", "errInfo": {"wtimeout": True}}


def directly(url: str) -> str:
    """Without discovery of the replica set, which would lead past a proxy."""
    return f"{url.partition('?')[0]}?directConnection=true"


async def assert_exact(database: ScalableDatabase, user_id: str, turns: int) -> None:
    """Counters, ledger and messages agree on this many turns of one call each."""
    repository = UsageRepository(database)
    usage = total(await repository.daily(user_id, NOW.date()))
    assert (usage.requests, usage.calls, usage.cost) == (turns, turns, turns * COST)
    ledger = await repository.ledger(user_id, NOW)
    assert (ledger.calls, ledger.cost) == (turns, turns * COST)
    stored = await database.collection("messages").count_documents(
        {"user_id": user_id, "role": "assistant", "status": "complete"}
    )
    assert stored == turns


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"writeConcernError": UNKNOWN_COMMIT}, id="committed and says it may not have"),
        pytest.param({"closeConnection": True}, id="connection lost at the commit"),
        pytest.param({"errorCode": 6}, id="host unreachable at the commit"),
    ],
)
async def test_unknown_commit_result_is_settled_without_repetition(
    mongo_url: str, database: ScalableDatabase, how: dict[str, object]
) -> None:
    async with started(database) as log:
        turn = make_turn()
        async with failing(mongo_url, "commitTransaction", times=2, **how):
            await log.open(turn)
        async with failing(mongo_url, "commitTransaction", times=2, **how):
            await log.close(turn, make_outcome(make_call()))
        async with failing(mongo_url, "commitTransaction", times=2, **how):
            await log.record(make_turn(), make_outcome(make_call()))
    await assert_exact(database, "user_ada", 2)


@pytest.mark.parametrize("command", ["insert", "update", "commitTransaction"])
async def test_transient_failure_repeats_the_whole_transaction(
    mongo_url: str, database: ScalableDatabase, command: str
) -> None:
    async with started(database) as log:
        turn = make_turn()
        transient = {"errorCode": 112, "errorLabels": ["TransientTransactionError"]}
        async with failing(mongo_url, command, times=3, **transient):
            await log.open(turn)
            await log.close(turn, make_outcome(make_call()))
    await assert_exact(database, "user_ada", 1)


async def test_commit_that_happened_before_its_session_was_lost_is_recognised(
    mongo_url: str, database: ScalableDatabase
) -> None:
    """The server forgot the transaction (a failover): a repetition meets what the first attempt stored."""
    turn = make_turn()
    async with started(database) as log:
        await log.record(turn, make_outcome(make_call()))
        again = TurnLog(database)
        await again.start()
        await again.record(turn, make_outcome(make_call()))
        await again.stop()
    await assert_exact(database, "user_ada", 1)


async def test_two_workers_write_one_users_counters(mongo_url: str, database_name: str, driver: Driver) -> None:
    """Several hundred turns that all collide in one counter: the sums are exact."""
    turns, callers = 25, 8

    async def chat(log: TurnLog) -> None:
        for _ in range(turns):
            turn = make_turn()
            await log.open(turn)
            await log.close(turn, make_outcome(make_call()))

    async with opened(mongo_url, database_name, driver) as one, opened(mongo_url, database_name, driver) as two:
        await one.ensure_indexes()
        async with started(one, 30) as first, started(two, 30) as second:
            await asyncio.gather(*(chat(log) for log in (first, second) for _ in range(callers)))
        await assert_exact(one, "user_ada", 2 * turns * callers)


async def test_two_workers_in_one_conversation(mongo_url: str, database_name: str, driver: Driver) -> None:
    async with opened(mongo_url, database_name, driver) as one, opened(mongo_url, database_name, driver) as two:
        await one.ensure_indexes()
        async with started(one, 30) as first, started(two, 30) as second:
            start = make_turn()
            await first.record(start, make_outcome(make_call()))
            await asyncio.gather(
                *(
                    log.record(make_turn(conversation_id=start.conversation_id), make_outcome(make_call()))
                    for log in (first, second)
                    for _ in range(40)
                )
            )
        conversation = await ConversationRepository(one).get("user_ada", start.conversation_id)
        assert conversation is not None
        assert conversation.message_count == 2 * 81
        await assert_exact(one, "user_ada", 81)


async def test_turn_and_deletion_at_once_leave_no_orphans(database: ScalableDatabase) -> None:
    conversations = ConversationRepository(database)
    async with started(database) as log:
        starts = [make_turn() for _ in range(20)]
        await asyncio.gather(*(log.record(turn, make_outcome()) for turn in starts))
        followers = [make_turn(conversation_id=turn.conversation_id) for turn in starts]
        deletions = [conversations.purge("user_ada", turn.conversation_id) for turn in starts]
        await asyncio.gather(*(log.open(turn) for turn in followers), *deletions, return_exceptions=True)
    kept = {row["_id"] async for row in database.collection("conversations").find({}, {"_id": 1})}
    owners = set(await database.collection("messages").distinct("conversation_id"))
    assert owners == kept


async def write_until_killed(url: str, name: str, driver: Driver) -> dict[str, set[str]]:
    """Message ids that a writing process saw acknowledged as opened and as closed before it was killed."""
    command = [sys.executable, "-m", "tests.support.database.writer", url, name, driver]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    acknowledged: dict[str, set[str]] = {"opened": set(), "closed": set()}
    async with asyncio.timeout(60):
        while len(acknowledged["closed"]) < 40:
            event, message_id = (await process.stdout.readline()).decode().split()
            acknowledged[event].add(message_id)
        process.kill()
        rest = (await process.stdout.read()).decode()
        await process.wait()
    for line in rest.splitlines(keepends=True):
        if line.endswith("\n"):  # the last one may be torn
            event, message_id = line.split()
            acknowledged[event].add(message_id)
    return acknowledged


async def test_process_that_is_killed_loses_nothing_it_acknowledged(
    mongo_url: str, database: ScalableDatabase, driver: Driver
) -> None:
    """kill -9 in mid-flight: every turn that was acknowledged is there, every other whole or not at all."""
    acknowledged = await write_until_killed(mongo_url, database.name, driver)
    await end_open_transactions(mongo_url)
    async with started(database, 30) as log:
        await log.sweep(NOW.replace(year=2027))
    answers = {row["message_id"]: row async for row in database.collection("messages").find({"role": "assistant"})}
    complete = {name for name, row in answers.items() if row["status"] == "complete"}
    assert acknowledged["opened"] <= answers.keys()
    assert acknowledged["closed"] <= complete
    assert {row["status"] for row in answers.values()} <= {"complete", "interrupted"}
    assert await database.collection("messages").count_documents({"role": "user"}) == len(answers)
    assert await database.collection("conversations").count_documents({}) == len(answers)
    ledger = await UsageRepository(database).ledger("user_ada", NOW)
    open_turns = len(answers) - len(complete)
    assert (ledger.calls, ledger.cost, ledger.unpriced) == (len(answers), len(complete) * COST, open_turns)
    usage = total(await UsageRepository(database).daily("user_ada", NOW.date()))
    assert (usage.requests, usage.cost, usage.unpriced) == (len(answers), len(complete) * COST, open_turns)


async def test_absent_database_is_told_within_the_timeout_and_chat_goes_on_after_it(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    async with (
        proxied(directly(mongo_url)) as (proxy, url),
        opened(url, database_name, driver, timeout_s=1.0) as database,
    ):
        await database.ensure_indexes()
        async with started(database) as log:
            turn = make_turn()
            await log.open(turn)
            await proxy.refuse()
            begun = time.monotonic()
            results = await asyncio.gather(*(log.open(make_turn()) for _ in range(10)), return_exceptions=True)
            assert {type(result) for result in results} == {DatabaseUnavailable}
            assert time.monotonic() - begun < 2.0
            await proxy.start()
            await log.close(turn, make_outcome(make_call()))
        await assert_exact(database, "user_ada", 1)
    await end_open_transactions(mongo_url)


async def test_frozen_database_is_told_within_the_timeout(mongo_url: str, database_name: str, driver: Driver) -> None:
    async with (
        proxied(directly(mongo_url)) as (proxy, url),
        opened(url, database_name, driver, timeout_s=1.0) as database,
    ):
        await database.ensure_indexes()
        async with started(database) as log:
            turn = make_turn()
            await log.open(turn)
            proxy.pause()
            begun = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await log.close(turn, make_outcome(make_call()))
            assert time.monotonic() - begun < 2.0
            proxy.resume()

            async def closed() -> bool:
                """A transaction that the pause broke off may still stand in the way for a moment."""
                try:
                    await log.close(turn, make_outcome(make_call()))
                except DatabaseUnavailable:
                    return False
                return True

            await eventually(closed, within_s=20.0)
        await assert_exact(database, "user_ada", 1)
    await end_open_transactions(mongo_url)
