"""The index of titles goes whose place one with the state has taken; start-up creates that one in the background."""

from pymongo.errors import OperationFailure

from backend.services.migrations.m0002_conversation_states import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND
from backend.services.scalable_database import ScalableDatabase, translated

REPLACED = "user_title"


async def run(database: ScalableDatabase) -> None:
    if database.in_memory:
        return
    with translated():
        try:
            await database.collection("conversations").drop_index(REPLACED)
        except OperationFailure as error:
            if error.code not in (INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND):
                raise
