"""MongoDB's own fail points: commands that fail as real ones do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo import AsyncMongoClient


@asynccontextmanager
async def failing(url: str, *commands: str, times: int = 1, **how: object) -> AsyncIterator[None]:
    """The next `times` of these commands fail: errorCode=…, errorLabels=[…], closeConnection=True, …

    With writeConcernError={…} the command happens, and its answer says that it may not have.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    data = {"failCommands": list(commands), "appName": "aether", **how}
    try:
        await client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})
        yield
    finally:
        await client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        await client.close()


async def end_open_transactions(url: str) -> None:
    """What a killed or cut-off client left open, the server would end after a minute by itself."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        await client.admin.command({"killAllSessions": []})
    finally:
        await client.close()
