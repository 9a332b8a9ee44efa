"""One worker's services, constructed in the order in which they need each other."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from backend.config import Settings
from backend.domain.models import with_models
from backend.services.accounts import AccountExport, Accounts, Housekeeping, Links, MailDispatch, SecondFactorSettings
from backend.services.administration import UserAdministration
from backend.services.api_keys import ApiKeys
from backend.services.budgets import Controls
from backend.services.bus import Bus
from backend.services.conversation_search import ConversationSearch
from backend.services.enhanced_ai_service import EnhancedAIService
from backend.services.health import Health
from backend.services.llm.provider import Provider
from backend.services.llm.switched import Switched
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.preferences import Preferences
from backend.services.repositories.api_keys import ApiKeyRepository
from backend.services.repositories.controls import ControlRepository
from backend.services.repositories.conversations import AdminConversationRepository, ConversationRepository
from backend.services.repositories.feedback import FeedbackRepository
from backend.services.repositories.folders import FolderRepository
from backend.services.repositories.idempotency import IdempotencyRepository
from backend.services.repositories.imports import ImportRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.managed_users import AdminAccountRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.personal_data import PersonalDataRepository
from backend.services.repositories.preferences import PreferenceRepository
from backend.services.repositories.prompts import PromptRepository
from backend.services.repositories.shares import ShareRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import CommandEvent
from backend.services.services import Services
from backend.services.sharing import Sharing
from backend.services.single_flight import SingleFlight
from backend.services.stream_log import StreamLog
from backend.services.sweeper import Sweeper
from backend.services.transfer import ConversationExport, ConversationImport
from backend.services.transfer.branches import Branches
from backend.services.turn_log import TurnLog
from backend.services.updates import AnnouncedTurnLog, Updates
from backend.wiring.parts import (
    audit_log_of,
    browser_rules_of,
    budgets_of,
    identity_of,
    letters_of,
    limiter_of,
    monitor_of,
    oidc_of,
    open_database,
    open_redis,
    probes_of,
    provider_of,
    reports_of,
)
from backend.wiring.preparation import administrator_of, prepare_database

VERSION = "0.1.0"
SIMULATOR = "simulator"


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
        redis = open_redis(settings)
        stack.push_async_callback(redis.close)
        bus = Bus(redis)
        cache = PerformanceCache(redis, bus, source=SIMULATOR if settings.simulated else settings.groq_base_url)
        sink = CommandSink()
        database = open_database(settings, on_command=sink, user_cache=cache)
        await database.start()
        stack.push_async_callback(database.close)
        if settings.in_memory:
            email, password, _ = administrator_of(settings)
            await prepare_database(database, email, password)

        audit = audit_log_of(settings, database)
        limiter = limiter_of(settings, redis)
        streams = StreamLog(redis, bus)
        flights = SingleFlight(redis)
        users = UserRepository(database)
        identity = identity_of(settings, users, database, limiter, bus, audit)
        api_keys = ApiKeys(ApiKeyRepository(database), limits=limiter, bus=bus, audit=audit)
        links = Links(OneTimeTokenRepository(database))
        mail = MailDispatch(MailRequestRepository(database), users, links, letters_of(settings), audit)
        oidc = oidc_of(settings, database, identity, users, links, audit)
        if oidc:
            stack.push_async_callback(oidc.close)
        conversations, messages = ConversationRepository(database), MessageRepository(database)
        all_conversations = AdminConversationRepository(database)
        preferences = Preferences(PreferenceRepository(database), bus)
        branches = Branches(messages)
        personal_data = PersonalDataRepository(database)
        worker = f"{os.uname().nodename}-{os.getpid()}"
        housekeeping = Housekeeping(
            users,
            personal_data,
            conversations,
            all_conversations,
            cache,
            LeaseRepository(database),
            owner=worker,
        )
        accounts = Accounts(
            identity,
            api_keys,
            users,
            links,
            mail,
            housekeeping,
            audit,
            require_verified=settings.require_verified_email,
        )
        updates = Updates(bus, lifetime_s=settings.events_lifetime)
        monitor = monitor_of(settings, database, cache, catalogue, worker, updates)
        sink.monitor = monitor
        controls = Controls(ControlRepository(database), bus, audit)
        budgets = budgets_of(settings, redis, database, controls)
        callers = (identity, api_keys, mail, housekeeping)
        for part in (limiter, audit, bus, flights, streams, *callers, monitor, controls, budgets):
            await part.start()
            stack.push_async_callback(part.close)

        stack.push_async_callback(updates.close)
        llm = Switched(provider or provider_of(settings, catalogue), controls)
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
            turn_log=AnnouncedTurnLog(turn_log, updates),
            monitor=monitor,
            conversations=conversations,
            messages=messages,
            preferences=preferences,
            idempotency=IdempotencyRepository(database),
            max_tokens=settings.max_tokens,
            context_tokens=settings.context_tokens,
            deadline_s=settings.deadline,
            stream_grace_s=settings.stream_grace,
            drain_s=settings.drain,
        )
        stack.push_async_callback(ai.close)
        probes = probes_of(database, redis, llm, simulated=settings.simulated)
        health = Health(probes, version=VERSION, simulated=settings.simulated)
        stack.callback(health.drain)
        yield Services(
            accounts=accounts,
            administration=UserAdministration(AdminAccountRepository(database), identity, api_keys, audit),
            account_export=AccountExport(users, personal_data, audit),
            ai=ai,
            api_keys=api_keys,
            audit=audit,
            browser=browser_rules_of(settings),
            budgets=budgets,
            cache=cache,
            controls=controls,
            conversations=conversations,
            database=database,
            folders=FolderRepository(database),
            feedback=FeedbackRepository(database),
            health=health,
            identity=identity,
            limiter=limiter,
            messages=messages,
            monitor=monitor,
            oidc=oidc,
            preferences=preferences,
            prompts=PromptRepository(database),
            reports=reports_of(database, monitor),
            second_factor=SecondFactorSettings(identity, users, mail),
            search=ConversationSearch(conversations, messages),
            sharing=Sharing(ShareRepository(database), conversations, branches, audit),
            streams=streams,
            transfers_in=ConversationImport(ImportRepository(database), database.now),
            transfers_out=ConversationExport(conversations, branches),
            updates=updates,
            users=users,
            metrics_token=settings.metrics_token.get_secret_value(),
            simulated=settings.simulated,
        )
