"""The index of titles goes whose place one with the state has taken; start-up creates that one in the background."""

from backend.services.migrations.dropping import drop_index
from backend.services.scalable_database import ScalableDatabase

REPLACED = "user_title"


async def run(database: ScalableDatabase) -> None:
    await drop_index(database, "conversations", REPLACED)
