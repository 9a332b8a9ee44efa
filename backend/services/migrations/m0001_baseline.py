"""The collections that everything rests on, their unique indexes, and money that cannot be a float.

Unique indexes come here and not in the background: what they forbid must be forbidden before the first request.
"""

from pymongo.errors import OperationFailure

from backend.services.scalable_database import Document, ScalableDatabase, translated
from backend.services.scalable_database.drift import create_missing
from backend.services.scalable_database.indexes import INDEXES

NAMESPACE_EXISTS = 48
MONEY: dict[str, tuple[str, ...]] = {
    "ai_usage": ("cost", "baseline"),
    "usage_daily": ("cost", "baseline"),
    "conversations": ("cost",),
}


def money_validator(fields: tuple[str, ...]) -> Document:
    """Integers (pico-dollars) or null: the database itself refuses a float."""
    amount = {"bsonType": ["int", "long", "null"]}
    return {"$jsonSchema": {"properties": dict.fromkeys(fields, amount)}}


async def run(database: ScalableDatabase) -> None:
    if database.in_memory:
        return
    for collection, fields in MONEY.items():
        await _create(database, collection, money_validator(fields))
    await create_missing(database.driver, [index for index in INDEXES if index.unique])


async def _create(database: ScalableDatabase, collection: str, validator: Document) -> None:
    with translated():
        try:
            await database.driver.command({"create": collection, "validator": validator})
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise
            await database.driver.command({"collMod": collection, "validator": validator})
