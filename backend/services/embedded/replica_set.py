"""The one-member replica set of the embedded mongod: it is what makes transactions and change streams possible."""

import asyncio
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

NAME = "aether"
PAUSE_S = 0.01
Client = AsyncMongoClient[dict[str, Any]]


class NotYetAnsweringError(OSError):
    """mongod accepts connections but is not ready yet."""


async def make_primary(port: int) -> str:
    """Initiates the set, or moves its member to `port`, and waits until it takes writes. Returns mongod's version.

    Raises NotYetAnsweringError while mongod is starting.
    """
    client: Client = AsyncMongoClient(
        "127.0.0.1",
        port,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        connectTimeoutMS=500,
        socketTimeoutMS=5000,
    )
    try:
        await _configure(client, f"127.0.0.1:{port}")
        while not (await client.admin.command("hello")).get("isWritablePrimary"):  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_S)
        version: str = (await client.admin.command("buildInfo"))["version"]
        return version
    except PyMongoError as error:
        raise NotYetAnsweringError(str(error)) from error
    finally:
        await client.close()


async def _configure(client: Client, host: str) -> None:
    config = await client.get_database("local").get_collection("system.replset").find_one()
    if config is None:
        await client.admin.command("replSetInitiate", {"_id": NAME, "members": [{"_id": 0, "host": host}]})
    elif config["members"][0]["host"] != host:
        # force: on its new port the member does not find itself in the configuration, so no primary could agree
        moved = {**config, "version": config["version"] + 1, "members": [{**config["members"][0], "host": host}]}
        await client.admin.command("replSetReconfig", moved, force=True)
