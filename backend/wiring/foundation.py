"""What all services of a worker stand on: its database, its Redis, its caches and its limits."""

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass

from backend.config import Settings
from backend.domain.models import ModelCatalogue, with_models
from backend.services.audit_log import AuditLog
from backend.services.bus import Bus
from backend.services.limiter import Limiter
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.redis_client import RedisClient
from backend.services.scalable_database import CommandEvent, ScalableDatabase
from backend.services.updates import Updates
from backend.wiring.connections import open_database, open_redis
from backend.wiring.parts import audit_log_of, limiter_of
from backend.wiring.preparation import administrator_of, prepare_database

SIMULATOR = "simulator"


class CommandSink:
    """Passes database commands on to the monitor, which is built on the database and so comes after it."""

    def __init__(self) -> None:
        self.monitor: PerformanceMonitor | None = None

    def __call__(self, event: CommandEvent) -> None:
        if self.monitor:
            self.monitor.record_database(event)


@dataclass(frozen=True, slots=True)
class Foundation:
    """worker: a name that no other worker has. The database is open; the rest is to be started."""

    settings: Settings
    worker: str
    catalogue: ModelCatalogue
    database: ScalableDatabase
    commands: CommandSink
    redis: RedisClient
    bus: Bus
    cache: PerformanceCache
    audit: AuditLog
    limiter: Limiter
    updates: Updates


async def open_foundation(settings: Settings, stack: AsyncExitStack) -> Foundation:
    redis = open_redis(settings)
    stack.push_async_callback(redis.close)
    bus = Bus(redis)
    cache = PerformanceCache(redis, bus, source=SIMULATOR if settings.simulated else settings.groq_base_url)
    commands = CommandSink()
    database = open_database(settings, on_command=commands, user_cache=cache)
    await database.start()
    stack.push_async_callback(database.close)
    if settings.in_memory:
        email, password, _ = administrator_of(settings)
        await prepare_database(database, email, password)
    return Foundation(
        settings=settings,
        worker=f"{os.uname().nodename}-{os.getpid()}",
        catalogue=with_models(settings.model_small, settings.model_large),
        database=database,
        commands=commands,
        redis=redis,
        bus=bus,
        cache=cache,
        audit=audit_log_of(settings, database),
        limiter=limiter_of(settings, redis),
        updates=Updates(bus, lifetime_s=settings.events_lifetime),
    )
