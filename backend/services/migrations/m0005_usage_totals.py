"""An index of the daily counters goes whose place one with the users has taken; start-up creates that one."""

from pymongo.errors import OperationFailure

from backend.services.migrations.m0002_conversation_states import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND
from backend.services.scalable_database import ScalableDatabase, translated

REPLACED = "day_model"


async def run(database: ScalableDatabase) -> None:
    if database.in_memory:
        return
    with translated():
        try:
            await database.collection("usage_daily").drop_index(REPLACED)
        except OperationFailure as error:
            if error.code not in (INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND):
                raise
