"""Every named query, as the heaviest user's documents would have it asked: what its plan reads."""

from backend.services.repositories.registry import NAMED_QUERIES
from backend.services.scalable_database import Document, Query, ScalableDatabase
from backend.services.scalable_database.explain import Explanation, explain_command, judge
from benchmark.history.documents import user_id
from benchmark.history.kept import DATABASE

LIMIT = 25
TIMEOUT_S = 120.0
OWNED = ("conversations", "messages", "ai_usage", "usage_daily", "feedback")
WHOLE_SCANS = ("scans the whole collection", "sorts in memory")


async def plans(url: str) -> list[Explanation]:
    """One of each query whose collection has documents."""
    database = ScalableDatabase(url, DATABASE, driver="pymongo", pool_min=0, timeout_s=TIMEOUT_S)
    await database.start(create_indexes=False)
    try:
        found = [await _explained(database, query) for query in NAMED_QUERIES]
    finally:
        await database.close()
    return [plan for plan in found if plan]


async def _explained(database: ScalableDatabase, query: Query) -> Explanation | None:
    stored = await _sample(database, query.collection)
    if stored is None:
        return None
    command = explain_command(query, query.sample_filter(stored), LIMIT)
    return judge(query, await database.driver.command(command))


async def _sample(database: ScalableDatabase, collection: str) -> Document | None:
    """Of the heaviest user where the collection knows users, else the last one."""
    documents = database.collection(collection)
    owned = await documents.find_one({"user_id": user_id(0)}, sort=[("_id", -1)]) if collection in OWNED else None
    return owned or await documents.find_one({}, sort=[("_id", -1)])


def scanning(found: list[Explanation]) -> list[Explanation]:
    return [plan for plan in found if set(plan.faults) & set(WHOLE_SCANS)]
