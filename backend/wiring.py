"""The composition root: the only place that constructs services, in the order in which they need each other."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from backend.config import Settings
from backend.domain.budgets import Budget, Caps
from backend.domain.models import ModelCatalogue, with_models
from backend.domain.usage import parse_usd
from backend.services.accounts import AccountExport, Accounts, Housekeeping, Links, MailDispatch
from backend.services.budgets import BudgetAccounts, Budgets, Controls
from backend.services.bus import Bus
from backend.services.enhanced_ai_service import EnhancedAIService
from backend.services.health import Health, Probe
from backend.services.identity import Identity
from backend.services.identity.passwords import Passwords
from backend.services.limiter import Limiter
from backend.services.llm.provider import Provider
from backend.services.llm.registry import check_transport, open_llm
from backend.services.llm.switched import Switched
from backend.services.mail import Delivery, Letters, LoggedDelivery, NoDelivery, SmtpDelivery
from backend.services.migrations import MIGRATIONS, Migrations
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.redis_client import RedisClient
from backend.services.repositories.auth_sessions import AuthSessionRepository
from backend.services.repositories.controls import ControlRepository
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.idempotency import IdempotencyRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.personal_data import PersonalDataRepository
from backend.services.repositories.usage import AdminUsageRepository, UsageRepository
from backend.services.repositories.users import AdminUserRepository, UserRepository
from backend.services.scalable_database import CommandEvent, ScalableDatabase
from backend.services.services import Services
from backend.services.single_flight import SingleFlight
from backend.services.stream_log import StreamLog
from backend.services.sweeper import Sweeper
from backend.services.turn_log import TurnLog

VERSION = "0.1.0"
SIMULATOR = "simulator"
GENERATED_PASSWORD_BYTES = 15
DEFAULT_ADMIN_EMAIL = "admin@aether.local"
PROVIDER_PROBE_S = 1.5


@dataclass(frozen=True, slots=True)
class Prepared:
    """admin_password: generated at this start and shown once, None where the administrator exists or is configured."""

    admin_email: str
    admin_password: str | None = field(repr=False)


async def prepare(settings: Settings) -> Prepared:
    """Brings the database up to date and makes sure that there is an administrator. Once per start, before workers.

    MONGO_URL=memory:// lives in its worker alone: there only the password is made here.
    """
    email, password, generated = _administrator(settings)
    with_models(settings.model_small, settings.model_large)  # raises here, where the launcher shows it to people
    check_transport(settings.groq_transport)
    if settings.in_memory:
        return Prepared(email, password if generated else None)
    database = _database(settings)
    await database.start(create_indexes=False)
    try:
        created = await _prepare(database, email, password)
    finally:
        await database.close()
    return Prepared(email, password if created and generated else None)


def _administrator(settings: Settings) -> tuple[str, str, bool]:
    """(address, password, whether the password was generated)."""
    configured = settings.admin_password.get_secret_value()
    email = settings.admin_email or DEFAULT_ADMIN_EMAIL
    return email, configured or secrets.token_urlsafe(GENERATED_PASSWORD_BYTES), not configured


async def _prepare(database: ScalableDatabase, email: str, password: str) -> bool:
    await Migrations(database, MIGRATIONS).apply()
    administrators = AdminUserRepository(database)
    if await administrators.has_admin():
        return False
    passwords = Passwords()
    await passwords.start()
    try:
        return await administrators.ensure_admin(email, await passwords.hash(password))
    finally:
        await passwords.close()


def _database(
    settings: Settings, *, on_command: "CommandSink | None" = None, user_cache: PerformanceCache | None = None
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


class CommandSink:
    """Passes database commands on to the monitor, which is built on the database and so comes after it."""

    def __init__(self) -> None:
        self.monitor: PerformanceMonitor | None = None

    def __call__(self, event: CommandEvent) -> None:
        if self.monitor:
            self.monitor.record_database(event)


@asynccontextmanager
async def open_services(settings: Settings, *, provider: Provider | None = None) -> AsyncIterator[Services]:
    """Everything that one worker needs, started; closed in the opposite order. provider: instead of the configured."""
    async with AsyncExitStack() as stack:
        catalogue = with_models(settings.model_small, settings.model_large)
        redis = RedisClient(settings.redis_url.get_secret_value(), settings.mongo_db, timeout_s=settings.redis_timeout)
        stack.push_async_callback(redis.close)
        bus = Bus(redis)
        cache = PerformanceCache(redis, bus, source=SIMULATOR if settings.simulated else settings.groq_base_url)
        sink = CommandSink()
        database = _database(settings, on_command=sink, user_cache=cache)
        await database.start()
        stack.push_async_callback(database.close)
        if settings.in_memory:
            email, password, _ = _administrator(settings)
            await _prepare(database, email, password)

        limiter = Limiter(
            redis,
            chat=settings.limit_chat,
            auth=settings.limit_auth,
            concurrency=settings.limit_concurrency,
            others={
                "upload": settings.limit_upload,
                "search": settings.limit_search,
                "register": settings.limit_entry,
                "login": settings.limit_entry,
                "mail": settings.limit_entry,
                "link": settings.limit_entry,
                "refresh": settings.limit_refresh,
            },
        )
        streams = StreamLog(redis, bus)
        flights = SingleFlight(redis)
        sessions = AuthSessionRepository(database)
        users = UserRepository(database)
        identity = Identity(
            users,
            sessions,
            limits=limiter,
            bus=bus,
            secret=settings.secret_key.get_secret_value(),
            require_verified=settings.require_verified_email,
            passwords=Passwords(composition=settings.password_composition),
        )
        links = Links(OneTimeTokenRepository(database))
        mail = MailDispatch(MailRequestRepository(database), users, links, _letters(settings))
        conversations, messages = ConversationRepository(database), MessageRepository(database)
        personal_data = PersonalDataRepository(database)
        housekeeping = Housekeeping(
            *(users, personal_data, conversations, cache, LeaseRepository(database)),
            owner=f"{os.uname().nodename}-{os.getpid()}",
        )
        accounts = Accounts(
            identity, users, links, mail, housekeeping, require_verified=settings.require_verified_email
        )
        monitor = PerformanceMonitor(
            database,
            worker=f"{os.uname().nodename}-{os.getpid()}",
            cache_statistics=cache.statistics,
            webhook=settings.alert_webhook,
            cost_per_hour=parse_usd(settings.alert_cost_per_hour),
            cache_hit_rate=settings.alert_cache_hit_rate,
            data_dir=settings.data_dir,
            models={model.id for model in catalogue.models},
        )
        sink.monitor = monitor
        controls = Controls(ControlRepository(database), bus)
        budgets = _budgets(settings, redis, database, controls)
        for part in (bus, flights, streams, identity, mail, housekeeping, monitor, controls, budgets):
            await part.start()
            stack.push_async_callback(part.close)

        llm = Switched(provider or _open_llm(settings, catalogue), controls)
        stack.push_async_callback(llm.close)
        turn_log = TurnLog(database)
        await turn_log.start()
        stack.push_async_callback(turn_log.stop)
        sweeper = Sweeper(turn_log, LeaseRepository(database), owner=monitor.instance)
        await sweeper.start()
        stack.push_async_callback(sweeper.close)
        ai = EnhancedAIService(
            provider=llm,
            catalogue=catalogue,
            cache=cache,
            flights=flights,
            limiter=limiter,
            budgets=budgets,
            streams=streams,
            turn_log=turn_log,
            monitor=monitor,
            conversations=conversations,
            messages=messages,
            idempotency=IdempotencyRepository(database),
            max_tokens=settings.max_tokens,
            context_tokens=settings.context_tokens,
            deadline_s=settings.deadline,
            stream_grace_s=settings.stream_grace,
            drain_s=settings.drain,
        )
        stack.push_async_callback(ai.close)
        probes = _probes(database, redis, llm, simulated=settings.simulated)
        health = Health(probes, version=VERSION, simulated=settings.simulated)
        stack.callback(health.drain)
        yield Services(
            accounts=accounts,
            account_export=AccountExport(users, personal_data),
            ai=ai,
            budgets=budgets,
            cache=cache,
            controls=controls,
            conversations=conversations,
            database=database,
            health=health,
            identity=identity,
            limiter=limiter,
            messages=messages,
            monitor=monitor,
            streams=streams,
            users=users,
            metrics_token=settings.metrics_token.get_secret_value(),
            simulated=settings.simulated,
        )


@dataclass(frozen=True, slots=True)
class Administration:
    """What the shell may do that no route does."""

    identity: Identity
    users: UserRepository
    administrators: AdminUserRepository


@asynccontextmanager
async def administer(settings: Settings) -> AsyncIterator[Administration]:
    """Beside the workers: their sessions end through the same bus."""
    async with AsyncExitStack() as stack:
        redis = RedisClient(settings.redis_url.get_secret_value(), settings.mongo_db, timeout_s=settings.redis_timeout)
        stack.push_async_callback(redis.close)
        database = _database(settings)
        await database.start(create_indexes=False)
        stack.push_async_callback(database.close)
        bus = Bus(redis)
        limiter = Limiter(redis, chat=None, auth=None, concurrency=None)
        users = UserRepository(database)
        identity = Identity(
            users,
            AuthSessionRepository(database),
            limits=limiter,
            bus=bus,
            secret=settings.secret_key.get_secret_value(),
            passwords=Passwords(composition=settings.password_composition),
        )
        await identity.start()
        stack.push_async_callback(identity.close)
        yield Administration(identity, users, AdminUserRepository(database))


def _letters(settings: Settings) -> Letters:
    delivery: Delivery = NoDelivery() if settings.env == "production" else LoggedDelivery()
    if settings.smtp_host:
        delivery = SmtpDelivery(
            settings.smtp_host,
            settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            tls=settings.smtp_tls,
            sender=settings.smtp_from,
        )
    return Letters(delivery, settings.public_url or f"http://{settings.host}:{settings.port}")


def _budgets(settings: Settings, redis: RedisClient, database: ScalableDatabase, controls: Controls) -> Budgets:
    accounts = BudgetAccounts(redis, UsageRepository(database), AdminUsageRepository(database), database.now)
    return Budgets(
        redis,
        accounts,
        controls,
        usual=Budget(settings.budget_user_tokens_day, _limit(settings.budget_user_cost_day)),
        caps=Caps(_limit(settings.spend_cap_hour), _limit(settings.spend_cap_month)),
    )


def _limit(amount: str) -> int | None:
    return None if amount == "off" else parse_usd(amount)


def _open_llm(settings: Settings, catalogue: ModelCatalogue) -> Provider:
    return open_llm(
        settings.groq_transport,
        settings.groq_base_url,
        settings.groq_api_key.get_secret_value(),
        catalogue=catalogue,
        loopback_only=settings.testing,
    )


def _probes(database: ScalableDatabase, redis: RedisClient, provider: Provider, *, simulated: bool) -> dict[str, Probe]:
    async def mongo() -> str:
        await database.ping()
        return "in memory, keeps nothing" if database.in_memory else "answers"

    async def shared_cache() -> str:
        await redis.ping()
        return "answers"

    async def models() -> str:
        count = len(await provider.models(PROVIDER_PROBE_S))
        return f"simulated, serves {count} models" if simulated else f"serves {count} models"

    return {"mongo": mongo, "redis": shared_cache, "provider": models}
