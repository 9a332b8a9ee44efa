"""Many signed-in users at once, made as the server makes them but beside HTTP: a password's hash takes 36 ms each."""

import asyncio

from pydantic import SecretStr

from backend.config import Settings
from backend.launcher.secret_key import stored_secret_key
from backend.services.embedded import DataLayout
from backend.services.embedded.mongod import running_mongo_url
from backend.services.embedded.valkey import running_redis_url
from backend.services.services import Services
from backend.wiring.worker import open_services
from benchmark.aether import Account, Aether
from benchmark.errors import BenchmarkError

AT_ONCE = 32


async def signed_in(aether: Aether, count: int) -> list[Account]:
    """New users without a password, each with a session and an access token, which is valid for ten minutes."""
    mongo, redis = running_mongo_url(aether.data_dir), running_redis_url(aether.data_dir)
    if mongo is None or redis is None:
        raise BenchmarkError("the embedded servers do not run")
    settings = Settings().model_copy(
        update={
            "mongo_url": SecretStr(mongo),
            "redis_url": SecretStr(redis),
            "secret_key": stored_secret_key(DataLayout(aether.data_dir)),
            "groq_base_url": "http://127.0.0.1:9",
            "log_level": "warning",
        }
    )
    gate = asyncio.Semaphore(AT_ONCE)
    async with open_services(settings) as services:
        return await asyncio.gather(*(_one(services, gate, number) for number in range(count)))


async def _one(services: Services, gate: asyncio.Semaphore, number: int) -> Account:
    async with gate:
        user = await services.users.create(f"connected-{number}@example.com", None, f"User {number}")
        tokens = await services.identity.sign_in(user, "benchmark")
        return Account(user.id, tokens.access_token)
