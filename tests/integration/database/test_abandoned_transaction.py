"""A killed worker's transaction: the embedded server ends it before anybody who waits for its documents gives up."""

from typing import Any

from pymongo import AsyncMongoClient

from backend.services.repositories.usage import UsageRepository
from backend.services.scalable_database import ScalableDatabase
from tests.support.database.opening import started
from tests.support.database.turns import NOW, make_call, make_outcome, make_turn


async def test_a_commit_outlasts_the_transaction_that_a_killed_worker_left_open(
    mongo_url: str, database: ScalableDatabase
) -> None:
    async with started(database) as log:
        await log.record(make_turn(), make_outcome(make_call()))
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url)
        async with client, client.start_session() as session:
            await session.start_transaction()
            counters = client[database.name]["usage_daily"]
            await counters.update_one({"user_id": "user_ada"}, {"$inc": {"requests": 1}}, session=session)
            await log.record(make_turn(), make_outcome(make_call()))
    ledger = await UsageRepository(database).ledger("user_ada", NOW)
    assert ledger.calls == 2
