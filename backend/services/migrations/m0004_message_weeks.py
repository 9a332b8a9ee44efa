"""Messages say in which week they were written, by which the text index and its search go.

The text index without weeks goes; start-up creates the new one in the background, and a search waits for it.
"""

from backend.domain.search import WEEK_S
from backend.services.migrations.dropping import drop_index
from backend.services.scalable_database import ScalableDatabase, translated

REPLACED = ("user_text", "user_created")
BATCH = 2_000
WEEK = {"$floor": {"$divide": [{"$toLong": "$created_at"}, WEEK_S * 1000]}}


async def run(database: ScalableDatabase) -> None:
    if database.in_memory:
        return
    messages = database.collection("messages")
    for name in REPLACED:
        await drop_index(database, "messages", name)
    last: dict[str, object] = {}
    while True:
        with translated():
            rows = await messages.find(last, {"_id": 1}, limit=BATCH, sort=[("_id", 1)]).to_list(None)
            if not rows:
                return
            span = {"_id": {"$gte": rows[0]["_id"], "$lte": rows[-1]["_id"]}, "week": {"$exists": False}}
            await messages.update_many(span, [{"$set": {"week": {"$toInt": WEEK}}}])
        last = {"_id": {"$gt": rows[-1]["_id"]}}
