"""Settings: the only reader of the environment. README lists every one of them."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.domain.addresses import check_address
from backend.domain.agents import AGENTS_BY_ID, DEFAULT_AGENT
from backend.domain.rates import rate_of
from backend.domain.usage import parse_usd

MEMORY_URL = "memory://"
SECRET_MINIMUM_CHARACTERS = 32
SECRET_MINIMUM_DISTINCT = 8
"""Different characters: a random key of hexadecimal digits has more, a short word over and over fewer."""


def parse_rate(value: object) -> object:
    """ "20/minute", "5/15minutes" -> (20, 60), (5, 900); "off" -> None."""
    if not isinstance(value, str):
        return value
    if value == "off":
        return None
    return rate_of(value)


RateSetting = Annotated[tuple[int, int] | None, BeforeValidator(parse_rate)]


def parse_networks(value: object) -> object:
    """ "10.0.0.0/8, 192.0.2.7" -> the networks; an empty text is none."""
    if not isinstance(value, str):
        return value
    return tuple(str(ip_network(part.strip())) for part in value.split(",") if part.strip())


def parse_domains(value: object) -> object:
    """ "example.com, example.org" -> the domains, in lower case; an empty text is none."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip().lower() for part in value.split(",") if part.strip())


ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")


def parse_origins(value: object) -> object:
    """ "https://chat.example.com, http://localhost:5173" -> the origins, exact as browsers send them."""
    if not isinstance(value, str):
        return value
    origins = tuple(part.strip() for part in value.split(",") if part.strip())
    if not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("expected origins such as https://chat.example.com: no path, no wildcard, in lower case")
    return origins


def check_money(value: str) -> str:
    """ "off", or an amount of USD as an exact decimal string."""
    if value != "off" and parse_usd(value) < 0:
        raise ValueError('expected an amount of USD such as "12.50", or "off"')
    return value


def check_agent(value: str) -> str:
    if value not in AGENTS_BY_ID:
        raise ValueError(f"expected one of {', '.join(AGENTS_BY_ID)}")
    return value


MoneySetting = Annotated[str, AfterValidator(check_money)]


def parse_optional(value: object) -> object:
    return None if value == "off" else value


class Settings(BaseSettings):
    """Every setting with its default. Durations in seconds, limits as (events, window in seconds), None for off."""

    model_config = SettingsConfigDict(
        extra="ignore", populate_by_name=True, enable_decoding=False, hide_input_in_errors=True
    )

    mongo_url: SecretStr = SecretStr("")
    mongo_db: str = "aether"
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    mongo_pool_max: int = Field(100, ge=1)
    mongo_pool_min: int = Field(10, ge=0)
    mongo_timeout: float = Field(5.0, gt=0)
    redis_url: SecretStr = SecretStr("")
    redis_timeout: float = Field(0.1, gt=0)

    groq_api_key: SecretStr = SecretStr("")
    groq_base_url: str = ""
    groq_transport: str = "direct"
    """A row of the registry in backend.services.llm."""

    env: Literal["development", "production"] = Field("development", alias="AETHER_ENV")
    host: str = Field("127.0.0.1", alias="AETHER_HOST")
    port: int = Field(8000, alias="AETHER_PORT", ge=0, le=65535)
    workers: int = Field(1, alias="AETHER_WORKERS", ge=1, le=128)
    data_dir: Path = Field(Path("data"), alias="AETHER_DATA_DIR")
    secret_key: SecretStr = Field(SecretStr(""), alias="AETHER_SECRET_KEY")
    admin_email: str = Field("", alias="AETHER_ADMIN_EMAIL")
    admin_password: SecretStr = Field(SecretStr(""), alias="AETHER_ADMIN_PASSWORD")
    require_verified_email: bool = Field(False, alias="AETHER_REQUIRE_VERIFIED_EMAIL")
    public_url: str = Field("", alias="AETHER_PUBLIC_URL", pattern=r"^(https?://[^\s?#]+)?$")
    """Where users find this server: what links in mails begin with. Never taken from a request."""
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "off"] = "starttls"
    smtp_from: str = ""
    oidc_issuer: str = ""
    """Exactly as the provider names itself; empty for none."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scopes: str = "openid email profile"
    oidc_name: str = "single sign-on"
    oidc_allowed_domains: Annotated[tuple[str, ...], BeforeValidator(parse_domains)] = ()
    oidc_auto_register: bool = True
    oidc_admin_claim: str = ""
    oidc_admin_value: str = ""
    password_composition: bool = Field(False, alias="AETHER_PASSWORD_COMPOSITION")
    session_idle: float = Field(604_800.0, alias="AETHER_SESSION_IDLE", ge=600, le=2_592_000)
    """Not less than an access token is valid, not more than a sign-in lasts at all."""
    metrics_token: SecretStr = Field(SecretStr(""), alias="AETHER_METRICS_TOKEN")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="AETHER_LOG_LEVEL")

    deadline: float = Field(60.0, alias="AETHER_DEADLINE", gt=0, le=600)
    drain: float = Field(30.0, alias="AETHER_DRAIN", ge=0)
    stream_grace: float = Field(20.0, alias="AETHER_STREAM_GRACE", ge=0)
    limit_chat: RateSetting = Field((20, 60), alias="AETHER_LIMIT_CHAT")
    limit_auth: RateSetting = Field((5, 900), alias="AETHER_LIMIT_AUTH")
    limit_upload: RateSetting = Field((5, 60), alias="AETHER_LIMIT_UPLOAD")
    limit_search: RateSetting = Field((30, 60), alias="AETHER_LIMIT_SEARCH")
    limit_entry: RateSetting = Field((300, 60), alias="AETHER_LIMIT_ENTRY")
    """Per network address, for each of the routes that need no sign-in and check a password or a link."""
    limit_refresh: RateSetting = Field((120, 60), alias="AETHER_LIMIT_REFRESH")
    limit_concurrency: Annotated[int | None, BeforeValidator(parse_optional)] = Field(
        10, alias="AETHER_LIMIT_CONCURRENCY"
    )

    budget_user_tokens_day: Annotated[NonNegativeInt | None, BeforeValidator(parse_optional)] = Field(
        None, alias="AETHER_BUDGET_USER_TOKENS_DAY"
    )
    budget_user_cost_day: MoneySetting = Field("off", alias="AETHER_BUDGET_USER_COST_DAY")
    spend_cap_hour: MoneySetting = Field("off", alias="AETHER_SPEND_CAP_HOUR")
    spend_cap_month: MoneySetting = Field("off", alias="AETHER_SPEND_CAP_MONTH")
    max_in_flight: int = Field(1000, alias="AETHER_MAX_IN_FLIGHT", ge=1)
    max_event_streams: int = Field(5000, alias="AETHER_MAX_EVENT_STREAMS", ge=0)
    """Beside max_in_flight: they wait most of the time."""
    events_lifetime: float = Field(600.0, alias="AETHER_EVENTS_LIFETIME", gt=0, le=86_400)
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(parse_origins)] = Field((), alias="AETHER_CORS_ORIGINS")
    """Other sites whose pages may call the API, with tokens of their own: cookies are never sent for them."""
    audit_retention_days: int = Field(365, alias="AETHER_AUDIT_RETENTION_DAYS", ge=1, le=3650)
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(parse_networks)] = Field(
        (), alias="AETHER_TRUSTED_PROXIES"
    )

    model_small: str = Field("", alias="AETHER_MODEL_SMALL")
    model_large: str = Field("", alias="AETHER_MODEL_LARGE")
    large_share: float = Field(0.2, alias="AETHER_LARGE_SHARE", ge=0, le=1)
    """Of questions, what may go to the large model where users have not said otherwise."""
    cascade: bool = Field(False, alias="AETHER_CASCADE")
    default_agent: Annotated[str, AfterValidator(check_agent)] = Field(DEFAULT_AGENT, alias="AETHER_DEFAULT_AGENT")
    """Answers what belongs to no agent's field."""
    max_tokens: int = Field(4096, alias="AETHER_MAX_TOKENS", ge=1)
    context_tokens: int = Field(16_000, alias="AETHER_CONTEXT_TOKENS", ge=256)

    similar_answers: bool = Field(True, alias="AETHER_SIMILAR_ANSWERS")

    alert_webhook: str = Field("", alias="AETHER_ALERT_WEBHOOK")
    alert_cost_per_hour: str = Field("10", alias="AETHER_ALERT_COST_PER_HOUR")
    alert_cache_hit_rate: Annotated[float | None, BeforeValidator(parse_optional)] = Field(
        None, alias="AETHER_ALERT_CACHE_HIT_RATE"
    )

    testing: bool = Field(False, alias="AETHER_TESTING")
    """Set by the tests: providers then refuse every address that is not loopback."""
    simulated: bool = Field(False, alias="AETHER_SIMULATED")
    """Set by the launcher for its workers where it started the bundled simulator."""
    alone: bool = Field(False, alias="AETHER_ALONE")
    """Set by the launcher for its only worker where Valkey is its own too: no other worker asks the same questions."""

    @property
    def in_memory(self) -> bool:
        return self.mongo_url.get_secret_value() == MEMORY_URL

    @model_validator(mode="after")
    def _production_needs_a_secret(self) -> "Settings":
        key = self.secret_key.get_secret_value()
        if self.env == "production" and len(key) < SECRET_MINIMUM_CHARACTERS:
            raise ValueError(
                f"AETHER_ENV=production needs AETHER_SECRET_KEY with at least {SECRET_MINIMUM_CHARACTERS} characters"
            )
        if self.env == "production" and len(set(key)) < SECRET_MINIMUM_DISTINCT:
            raise ValueError("AETHER_ENV=production needs a random AETHER_SECRET_KEY: this one repeats itself")
        return self

    @model_validator(mode="after")
    def _mail_has_what_it_needs(self) -> "Settings":
        if self.smtp_host and not self.smtp_from:
            raise ValueError("SMTP_HOST needs SMTP_FROM, the address that mails come from")
        if self.env == "production" and self.smtp_host and not self.public_url:
            raise ValueError("SMTP_HOST needs AETHER_PUBLIC_URL, which links in mails begin with")
        if self.env == "production" and self.require_verified_email and not self.smtp_host:
            raise ValueError("AETHER_REQUIRE_VERIFIED_EMAIL=on needs SMTP_HOST: without it no address can be verified")
        return self

    @model_validator(mode="after")
    def _identity_provider_has_what_it_needs(self) -> "Settings":
        if self.oidc_issuer:
            try:
                check_address(self.oidc_issuer)
            except ValueError as error:
                raise ValueError(f"OIDC_ISSUER: {error}") from error
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("OIDC_ISSUER needs OIDC_CLIENT_ID, as the provider has given it")
        if self.oidc_issuer and self.env == "production" and not self.public_url:
            raise ValueError("OIDC_ISSUER needs AETHER_PUBLIC_URL, which the provider sends users back to")
        if self.oidc_issuer and "openid" not in self.oidc_scopes.split():
            raise ValueError("OIDC_SCOPES needs openid: without it nobody says who signed in")
        if bool(self.oidc_admin_claim) != bool(self.oidc_admin_value):
            raise ValueError("OIDC_ADMIN_CLAIM and OIDC_ADMIN_VALUE belong together")
        return self

    @model_validator(mode="after")
    def _memory_runs_one_worker(self) -> "Settings":
        if self.in_memory and self.workers > 1:
            raise ValueError("MONGO_URL=memory:// runs one worker: set AETHER_WORKERS=1")
        return self
