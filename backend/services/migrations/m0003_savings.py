"""What was saved is counted where it arises, by routing and by the cache; before, it was the difference of two sums."""

from backend.services.migrations.m0001_baseline import money_validator
from backend.services.scalable_database import ScalableDatabase, translated

MONEY: dict[str, tuple[str, ...]] = {
    "ai_usage": ("cost", "baseline", "saved", "reported_cost"),
    "usage_daily": ("cost", "baseline", "saved_routing", "saved_cache"),
}
DIFFERENCE = {"$subtract": [{"$ifNull": ["$baseline", 0]}, {"$ifNull": ["$cost", 0]}]}


async def run(database: ScalableDatabase) -> None:
    if database.in_memory:
        return
    for collection, fields in MONEY.items():
        with translated():
            await database.driver.command({"collMod": collection, "validator": money_validator(fields)})
    counters = database.collection("usage_daily")
    change = [{"$set": {"saved_routing": DIFFERENCE}}]
    async for rows in database.batches("usage_daily", {"saved_routing": {"$exists": False}}):
        with translated():
            await counters.update_many({"_id": {"$in": [row["_id"] for row in rows]}}, change)
