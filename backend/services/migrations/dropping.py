"""How a migration drops what start-up creates anew in another shape."""

from pymongo.errors import OperationFailure

from backend.services.scalable_database import ScalableDatabase, translated

INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND = 27, 26


async def drop_index(database: ScalableDatabase, collection: str, name: str) -> None:
    """Nothing where it is not there, and in memory, which keeps none from an earlier release."""
    if database.in_memory:
        return
    with translated():
        try:
            await database.collection(collection).drop_index(name)
        except OperationFailure as error:
            if error.code not in (INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND):
                raise
