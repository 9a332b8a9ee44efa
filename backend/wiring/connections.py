"""The database and Redis as the settings name them: what the launcher and the shell need too."""

from collections.abc import Callable

from backend.config import Settings
from backend.services.redis_client import RedisClient
from backend.services.scalable_database import CommandEvent, ScalableDatabase
from backend.services.scalable_database.user_cache import UserCache


def open_database(
    settings: Settings,
    *,
    on_command: Callable[[CommandEvent], None] | None = None,
    user_cache: UserCache | None = None,
) -> ScalableDatabase:
    return ScalableDatabase(
        settings.mongo_url.get_secret_value(),
        settings.mongo_db,
        driver=settings.mongo_driver,
        pool_max=settings.mongo_pool_max,
        pool_min=settings.mongo_pool_min,
        timeout_s=settings.mongo_timeout,
        on_command=on_command,
        user_cache=user_cache,
    )


def open_redis(settings: Settings) -> RedisClient:
    return RedisClient(settings.redis_url.get_secret_value(), settings.mongo_db, timeout_s=settings.redis_timeout)
