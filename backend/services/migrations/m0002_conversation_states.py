"""Conversations say whether they are kept, temporary or deleted; what was a project is a folder.

The indexes that began without the state go; start-up creates the new ones in the background.
"""

from backend.services.migrations.dropping import drop_index
from backend.services.scalable_database import ScalableDatabase, translated

REPLACED = ("user_archived_updated", "user_pinned_updated", "user_project_created")


async def run(database: ScalableDatabase) -> None:
    if database.in_memory:
        return
    conversations = database.collection("conversations")
    change = {"$set": {"state": "kept", "temporary": False}, "$rename": {"project_id": "folder_id"}}
    async for rows in database.batches("conversations", {"state": {"$exists": False}}):
        with translated():
            await conversations.update_many({"_id": {"$in": [row["_id"] for row in rows]}}, change)
    for name in REPLACED:
        await drop_index(database, "conversations", name)
