"""Single services as the settings ask for them."""

from collections.abc import Iterator
from datetime import timedelta

from backend.config import Settings
from backend.domain.browser import BrowserRules, origin_of
from backend.domain.budgets import Budget, Caps
from backend.domain.models import ModelCatalogue
from backend.domain.usage import parse_usd
from backend.services.accounts import Links
from backend.services.audit_log import AuditLog
from backend.services.budgets import BudgetAccounts, Budgets, Controls
from backend.services.bus import Bus
from backend.services.health import Probe
from backend.services.identity import Identity
from backend.services.identity.identity import derive_key
from backend.services.identity.passwords import Passwords
from backend.services.limiter import API_KEY, Limiter
from backend.services.llm.provider import Provider
from backend.services.llm.registry import open_llm
from backend.services.llm.vendor_models import VendorModels
from backend.services.mail import Delivery, Letters, LoggedDelivery, NoDelivery, SmtpDelivery
from backend.services.oidc import Flows, Linking, OidcClient, OidcSettings, OidcSignIn
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.performance_monitor.advice import Recommendation
from backend.services.performance_monitor.advice_models import aged_prices, unserved_models
from backend.services.redis_client import RedisClient
from backend.services.reports import Reports
from backend.services.repositories.audit_log import AdminAuditLogRepository, AuditLogRepository
from backend.services.repositories.auth_sessions import AuthSessionRepository
from backend.services.repositories.external_identities import ExternalIdentityRepository
from backend.services.repositories.feedback import AdminFeedbackRepository
from backend.services.repositories.managed_users import AdminAccountRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.second_factors import SecondFactorRepository
from backend.services.repositories.usage import AdminUsageRepository, UsageRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.updates import Updates

PROVIDER_PROBE_S = 1.5


def audit_log_of(settings: Settings, database: ScalableDatabase) -> AuditLog:
    kept = timedelta(days=settings.audit_retention_days)
    return AuditLog(AuditLogRepository(database, kept), AdminAuditLogRepository(database))


def limiter_of(settings: Settings, redis: RedisClient) -> Limiter:
    return Limiter(
        redis,
        chat=settings.limit_chat,
        auth=settings.limit_auth,
        concurrency=settings.limit_concurrency,
        others={
            "upload": settings.limit_upload,
            "search": settings.limit_search,
            "register": settings.limit_entry,
            "login": settings.limit_entry,
            "login_mfa": settings.limit_entry,
            "mail": settings.limit_entry,
            "link": settings.limit_entry,
            "shared": settings.limit_entry,
            "oidc": settings.limit_entry,
            "refresh": settings.limit_refresh,
            API_KEY: settings.limit_entry,
        },
    )


def identity_of(
    settings: Settings, users: UserRepository, database: ScalableDatabase, limiter: Limiter, bus: Bus, audit: AuditLog
) -> Identity:
    return Identity(
        users,
        AuthSessionRepository(database),
        SecondFactorRepository(database),
        OneTimeTokenRepository(database),
        limits=limiter,
        bus=bus,
        audit=audit,
        secret=settings.secret_key.get_secret_value(),
        require_verified=settings.require_verified_email,
        session_idle=timedelta(seconds=settings.session_idle),
        passwords=Passwords(composition=settings.password_composition),
    )


def browser_rules_of(settings: Settings) -> BrowserRules:
    origins = frozenset({origin_of(settings.public_url)} if settings.public_url else ())
    return BrowserRules(origins, https_only=settings.env == "production")


def letters_of(settings: Settings) -> Letters:
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
    return Letters(delivery, public_url_of(settings))


def public_url_of(settings: Settings) -> str:
    """Where users find this server, without a slash at its end."""
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


def oidc_of(
    settings: Settings,
    database: ScalableDatabase,
    identity: Identity,
    users: UserRepository,
    links: Links,
    audit: AuditLog,
) -> OidcSignIn | None:
    """None without an identity provider. Asks it for nothing yet."""
    if not settings.oidc_issuer:
        return None
    wanted = OidcSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        public_url=public_url_of(settings),
        scopes=settings.oidc_scopes,
        name=settings.oidc_name,
        allowed_domains=settings.oidc_allowed_domains,
        auto_register=settings.oidc_auto_register,
        admin_claim=settings.oidc_admin_claim,
        admin_value=settings.oidc_admin_value,
        loopback_only=settings.testing,
    )
    return OidcSignIn(
        wanted,
        OidcClient(wanted),
        Flows(derive_key(settings.secret_key.get_secret_value(), "sign-ins under way")),
        Linking(wanted, users, ExternalIdentityRepository(database), identity, audit),
        identity,
        links,
        OneTimeTokenRepository(database),
        audit,
    )


def budgets_of(settings: Settings, redis: RedisClient, database: ScalableDatabase, controls: Controls) -> Budgets:
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


def monitor_of(
    settings: Settings,
    database: ScalableDatabase,
    cache: PerformanceCache,
    catalogue: ModelCatalogue,
    worker: str,
    updates: Updates,
    vendor_models: VendorModels,
) -> PerformanceMonitor:
    def advice() -> Iterator[Recommendation]:
        yield from aged_prices(catalogue, database.now().date())
        yield from unserved_models(vendor_models.missing)

    return PerformanceMonitor(
        database,
        worker=worker,
        cache_statistics=cache.statistics,
        on_alert=updates.tell_admins,
        webhook=settings.alert_webhook,
        cost_per_hour=parse_usd(settings.alert_cost_per_hour),
        cache_hit_rate=settings.alert_cache_hit_rate,
        data_dir=settings.data_dir,
        models={model.id for model in catalogue.models},
        standing_advice=advice,
    )


def reports_of(database: ScalableDatabase, monitor: PerformanceMonitor) -> Reports:
    return Reports(
        AdminUsageRepository(database),
        AdminFeedbackRepository(database),
        AdminAccountRepository(database),
        monitor.history,
        now=database.now,
    )


def provider_of(settings: Settings, catalogue: ModelCatalogue, vendor_models: VendorModels) -> Provider:
    return open_llm(
        settings.groq_transport,
        settings.groq_base_url,
        settings.groq_api_key.get_secret_value(),
        catalogue=catalogue,
        loopback_only=settings.testing,
        on_gone=vendor_models.note_gone,
    )


def probes_of(
    database: ScalableDatabase, redis: RedisClient, provider: Provider, catalogue: ModelCatalogue, *, simulated: bool
) -> dict[str, Probe]:
    async def mongo() -> str:
        await database.ping()
        return "in memory, keeps nothing" if database.in_memory else "answers"

    async def shared_cache() -> str:
        await redis.ping()
        return "answers"

    async def models() -> str:
        offered = await provider.models(PROVIDER_PROBE_S)
        told = f"simulated, serves {len(offered)} models" if simulated else f"serves {len(offered)} models"
        missing = ", ".join(model.id for model in catalogue.unserved(offered))
        return f"{told}, but not {missing}, which a tier depends on" if missing else told

    return {"mongo": mongo, "redis": shared_cache, "provider": models}
