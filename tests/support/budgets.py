"""Looking at budgets in tests: what Redis counts and holds."""

from datetime import UTC, datetime

from backend.services.redis_client import RedisClient
from tests.support.application import Served


def today() -> str:
    return datetime.now(UTC).date().isoformat()


async def account(redis: RedisClient, key: str) -> dict[str, int]:
    """spent:<counter> and held:<counter>."""
    stored = await redis.run(lambda r: r.hgetall(key))
    plain = {bytes(name).decode(): bytes(value).decode() for name, value in stored.items()}  # type: ignore[arg-type]
    return {name: int(value) for name, value in plain.items() if name.startswith(("spent:", "held:"))}


async def reservations(redis: RedisClient, key: str) -> int:
    """How many requests hold something of the account."""
    return int(await redis.run(lambda r: r.zcard(f"{key}:held")))


async def budget_of(served: Served, redis: RedisClient, user_id: str) -> dict[str, int]:
    return await account(redis, redis.key(user_id, "budget", today()))
