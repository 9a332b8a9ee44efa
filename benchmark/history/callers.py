"""Who asks: the user who wrote most, one in the middle, and an administrator, each signed in."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from backend.services.embedded import running_mongo_url
from backend.services.identity.passwords import Passwords
from benchmark.aether import Aether
from benchmark.errors import BenchmarkError
from benchmark.history.documents import address
from benchmark.history.kept import DATABASE
from benchmark.history.outline import Extent

HEAVIEST, MEDIAN, ADMINISTRATOR = "heaviest user", "median user", "administrator"
ADMINISTRATOR_ADDRESS = "bench@example.com"


@dataclass(frozen=True, slots=True)
class Caller:
    """token: an access token, valid for ten minutes."""

    name: str
    token: str = field(repr=False)


async def sign_in(aether: Aether, extent: Extent) -> dict[str, Caller]:
    """By name. They get a password for this run. Raises BenchmarkError."""
    addresses = {HEAVIEST: address(0), MEDIAN: address(extent.users // 2), ADMINISTRATOR: ADMINISTRATOR_ADDRESS}
    password = secrets.token_urlsafe(16)
    await _set_password(mongo_url(aether.data_dir), list(addresses.values()), password)
    return {name: Caller(name, await _token(aether, email, password)) for name, email in addresses.items()}


def mongo_url(data_dir: Path) -> str:
    url = running_mongo_url(data_dir)
    if url is None:
        raise BenchmarkError(f"No mongod runs on {data_dir}.")
    return url


async def _token(aether: Aether, email: str, password: str) -> str:
    answer = await aether.call("POST", "/api/auth/login", body={"email": email, "password": password})
    return str(answer["access_token"])


async def _set_password(url: str, addresses: list[str], password: str) -> None:
    passwords = Passwords()
    try:
        hashed = await passwords.hash(password)
    finally:
        await passwords.close()
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        users = client.get_database(DATABASE).get_collection("users")
        await users.update_one({"email": ADMINISTRATOR_ADDRESS}, {"$setOnInsert": _administrator()}, upsert=True)
        await users.update_many({"email": {"$in": addresses}}, {"$set": {"password_hash": hashed}})


def _administrator() -> dict[str, Any]:
    return {
        "_id": "user_bench_administrator",
        "name": "Administrator",
        "role": "admin",
        "plan": "free",
        "is_premium": False,
        "verified_at": None,
        "locale": "en",
        "created_at": datetime.now(UTC),
    }
