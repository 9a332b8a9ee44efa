"""An index of the daily counters goes whose place one with the users has taken; start-up creates that one."""

from backend.services.migrations.dropping import drop_index
from backend.services.scalable_database import ScalableDatabase

REPLACED = "day_model"


async def run(database: ScalableDatabase) -> None:
    await drop_index(database, "usage_daily", REPLACED)
