"""The index table: every index, its options and the query that it serves. Rows are data; drift.py compares and applies.

A row whose query is written in parentheses serves a feature of a later issue that shared data already needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Keys = tuple[tuple[str, int | str], ...]


@dataclass(frozen=True, slots=True)
class Index:
    """keys: field -> 1, -1 or "text". options: as createIndexes takes them."""

    name: str
    collection: str
    keys: Keys
    serves: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unique(self) -> bool:
        return bool(self.options.get("unique"))

    @property
    def spec(self) -> dict[str, Any]:
        """One entry of the createIndexes command."""
        return {"key": dict(self.keys), "name": self.name, **self.options}


UNIQUE = {"unique": True}
SPARSE = {"sparse": True}
AT_EXPIRY = {"expireAfterSeconds": 0}
# No stemming and no stop words: people write in more than one language. The override field exists in no document,
# so that a document's own "language" can never choose an analyser.
ANY_LANGUAGE = {"default_language": "none", "language_override": "text_language"}

USERS = (
    Index("email", "users", (("email", 1),), "users.by_email, users.search", UNIQUE),
    Index("premium", "users", (("is_premium", 1), ("created_at", -1)), "(premium members, newest first)"),
    Index("budget_set_at", "users", (("budget_set_at", 1),), "users.with_budget", SPARSE),
    Index("role", "users", (("role", 1), ("_id", 1)), "users.first_with_role"),
    Index("created", "users", (("created_at", -1), ("_id", -1)), "users.page"),
    Index("role_created", "users", (("role", 1), ("created_at", -1), ("_id", -1)), "users.page_of_role"),
    Index("role_email", "users", (("role", 1), ("email", 1)), "users.search_of_role"),
    Index(
        "retention_due",
        "users",
        (("retention_due", 1), ("_id", 1)),
        "users.retention_due",
        {"partialFilterExpression": {"retention_due": {"$exists": True}}},
    ),
    Index(
        "erasure_due",
        "users",
        (("erasure_due", 1), ("_id", 1)),
        "users.erasure_due",
        {"partialFilterExpression": {"erasure_due": {"$exists": True}}},
    ),
)

AUTH_SESSIONS = (
    Index("token_hash", "auth_sessions", (("token_hash", 1),), "auth_sessions.by_token_hash", UNIQUE),
    Index(
        "user_live",
        "auth_sessions",
        (("user_id", 1), ("live", 1), ("last_used", -1), ("_id", -1)),
        "auth_sessions.live_page, auth_sessions.live",
    ),
    Index(
        "revoked",
        "auth_sessions",
        (("revoked_at", 1),),
        "auth_sessions.revoked_since",
        SPARSE,
    ),
    Index("expiry", "auth_sessions", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
)

MAIL_LINKS = (
    Index("hash", "one_time_tokens", (("hash", 1),), "one_time_tokens.valid", UNIQUE),
    Index("user_purpose", "one_time_tokens", (("user_id", 1), ("purpose", 1)), "one_time_tokens.of_user"),
    Index(
        "email_purpose",
        "one_time_tokens",
        (("email", 1), ("purpose", 1), ("created_at", -1), ("_id", -1)),
        "one_time_tokens.recent, one_time_tokens.of_address",
    ),
    Index("expiry", "one_time_tokens", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
    Index("due", "mail_requests", (("not_before", 1), ("_id", 1)), "mail_requests.due"),
    Index("expiry", "mail_requests", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
)

EXTERNAL_IDENTITIES = (
    Index(
        "issuer_subject",
        "external_identities",
        (("issuer", 1), ("subject", 1)),
        "external_identities.by_subject",
        UNIQUE,
    ),
    Index("user_issuer", "external_identities", (("user_id", 1), ("issuer", 1)), "external_identities.of_user", UNIQUE),
)

SECOND_FACTORS = (
    Index("user", "second_factors", (("user_id", 1),), "second_factors.of_user; one a user", UNIQUE),
    Index("expiry", "second_factors", (("expires_at", 1),), "removal of what was not confirmed", AT_EXPIRY),
)

API_KEYS = (
    Index("hash", "api_keys", (("hash", 1),), "api_keys.by_hash", UNIQUE),
    Index(
        "user_live_created",
        "api_keys",
        (("user_id", 1), ("live", 1), ("created_at", -1), ("_id", -1)),
        "api_keys.of_user",
    ),
    Index("changed", "api_keys", (("changed_at", 1),), "api_keys.changed_since", SPARSE),
    Index("purge", "api_keys", (("purge_at", 1),), "removal of what was revoked or has expired", AT_EXPIRY),
)


def _conversation_page(serves: str, *fields: str, also: str = "") -> Index:
    keys = (*((field, 1) for field in ("user_id", "state", "archived", *fields)), ("updated_at", -1), ("_id", -1))
    return Index(serves.partition(".")[2], "conversations", keys, f"{serves}, {also}" if also else serves)


CONVERSATIONS = (
    _conversation_page("conversations.page"),
    _conversation_page("conversations.page_pinned", "pinned"),
    _conversation_page("conversations.page_folder", "folder_id", also="folders.contents"),
    _conversation_page("conversations.page_folder_pinned", "folder_id", "pinned"),
    Index("user_created", "folders", (("user_id", 1), ("created_at", 1), ("_id", 1)), "folders.page"),
    Index("token_hash", "shares", (("token_hash", 1),), "shares.by_token_hash", UNIQUE),
    Index("user_created", "shares", (("user_id", 1), ("created_at", -1), ("_id", -1)), "shares.page"),
    Index("user_conversation", "shares", (("user_id", 1), ("conversation_id", 1)), "shares.of_conversation"),
    Index(
        "user_state_title",
        "conversations",
        (("user_id", 1), ("state", 1), ("title", "text")),
        "conversations.search",
        ANY_LANGUAGE,
    ),
    Index(
        "purge_due",
        "conversations",
        (("purge_at", 1), ("_id", 1)),
        "conversations.purge_due",
        {"partialFilterExpression": {"purge_at": {"$exists": True}}},
    ),
    Index(
        "user_agent_updated",
        "conversations",
        (("user_id", 1), ("agent_type", 1), ("updated_at", -1), ("_id", -1)),
        "(conversations with one agent)",
    ),
)

MESSAGES = (
    Index(
        "user_request_role_part",
        "messages",
        (("user_id", 1), ("request_id", 1), ("role", 1), ("part", 1)),
        "messages.of_requests; a request is recorded once",
        UNIQUE,
    ),
    Index("user_message", "messages", (("user_id", 1), ("message_id", 1)), "messages.by_id", UNIQUE),
    Index(
        "conversation_created",
        "messages",
        (("conversation_id", 1), ("created_at", 1), ("_id", 1)),
        "messages.page, messages.page_newest_first, messages.links, messages.of_conversation",
    ),
    Index(
        "user_week_text",
        "messages",
        (("user_id", 1), ("week", 1), ("content", "text")),
        "messages.search",
        ANY_LANGUAGE,
    ),
    Index("user_week", "messages", (("user_id", 1), ("week", 1)), "messages.weeks"),
    Index(
        "pending_expiry",
        "messages",
        (("expires_at", 1),),
        "messages.expired",
        {"partialFilterExpression": {"status": "pending"}},
    ),
)

LEDGER = (
    Index(
        "user_request_call",
        "ai_usage",
        (("user_id", 1), ("request_id", 1), ("call", 1)),
        "ai_usage.of_requests; a call is billed once",
        UNIQUE,
    ),
    Index("user_time", "ai_usage", (("user_id", 1), ("timestamp", -1)), "ai_usage.of_user"),
    Index("user_model_time", "ai_usage", (("user_id", 1), ("model", 1), ("timestamp", -1)), "(spend with one model)"),
    Index("time_response", "ai_usage", (("timestamp", -1), ("response_time", 1)), "ai_usage.cost_since"),
    Index(
        "user_day_model_agent",
        "usage_daily",
        (("user_id", 1), ("day", 1), ("model", 1), ("agent", 1)),
        "usage_daily.of_user, usage_daily.of_users; one row of counters",
        UNIQUE,
    ),
    Index(
        "day_user",
        "usage_daily",
        (("day", 1), ("user_id", 1)),
        "usage_daily.totals, usage_daily.cost, usage_daily.dearest_users, usage_daily.of_day, usage_daily.users, "
        "usage_daily.first",
    ),
)

FEEDBACK = (
    Index(
        "user_message",
        "feedback",
        (("user_id", 1), ("message_id", 1)),
        "feedback.of_message, feedback.of_messages; one verdict each",
        UNIQUE,
    ),
    Index("user_conversation", "feedback", (("user_id", 1), ("conversation_id", 1)), "feedback.of_conversation"),
    Index("day_agent_model", "feedback", (("day", 1), ("agent", 1), ("model", 1), ("rating", 1)), "feedback.tallies"),
)

ROUTING = (
    Index("version", "calibrations", (("version", 1),), "calibrations.by_version, calibrations.latest", UNIQUE),
    Index("at", "calibrations", (("at", -1), ("_id", -1)), "calibrations.page"),
    Index(
        "user_message_source",
        "routing_labels",
        (("user_id", 1), ("message_id", 1), ("source", 1)),
        "routing_labels.of_answer; one label of each source",
        UNIQUE,
    ),
    Index("at", "routing_labels", (("at", -1), ("_id", -1)), "routing_labels.newest, routing_labels.sums"),
    Index("expiry", "routing_labels", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
    Index(
        "day_domain",
        "routing_traffic",
        (("day", 1), ("domain", 1)),
        "routing_traffic.since, routing_traffic.of_day; one row of counts",
        UNIQUE,
    ),
    Index("expiry", "routing_traffic", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
)

PERSONAL = (
    Index("user", "preferences", (("user_id", 1),), "preferences.of_user", UNIQUE),
    Index("user_updated", "prompts", (("user_id", 1), ("updated_at", -1), ("_id", -1)), "prompts.page"),
    Index("user_id", "prompts", (("user_id", 1), ("_id", 1)), "prompts.by_id, prompts.ids"),
)

OPERATIONS = (
    Index("state_fired", "alerts", (("state", 1), ("fired_at", -1)), "alerts.by_state"),
    Index(
        "firing_rule",
        "alerts",
        (("rule", 1),),
        "alerts.firing_rule; a rule fires once at a time",
        {"unique": True, "partialFilterExpression": {"state": "firing"}},
    ),
    Index("expiry", "alerts", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
    Index("user_key", "idempotency_keys", (("user_id", 1), ("key", 1)), "idempotency.by_key", UNIQUE),
    Index("expiry", "idempotency_keys", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
    Index("level_bucket", "metrics", (("level", 1), ("bucket", 1), ("_id", 1)), "metrics.window"),
    Index("expiry", "metrics", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
    Index("expiry", "leases", (("expires_at", 1),), "removal of what expired", {"expireAfterSeconds": 3600}),
)


def _audit_page(serves: str, *fields: str) -> Index:
    keys = (*((field, 1) for field in fields), ("at", -1), ("_id", -1))
    return Index(serves.partition(".")[2], "audit_log", keys, serves)


# Any combination of filters is read in order. Entries are few, beside messages, and pages of them are long.
AUDIT_LOG = (
    _audit_page("audit_log.page"),
    _audit_page("audit_log.by_actor", "actor_id"),
    _audit_page("audit_log.by_user", "user_id"),
    _audit_page("audit_log.by_action", "action"),
    _audit_page("audit_log.by_actor_user", "actor_id", "user_id"),
    _audit_page("audit_log.by_actor_action", "actor_id", "action"),
    _audit_page("audit_log.by_user_action", "user_id", "action"),
    _audit_page("audit_log.by_actor_user_action", "actor_id", "user_id", "action"),
    Index("expiry", "audit_log", (("expires_at", 1),), "removal of what expired", AT_EXPIRY),
)

LATER_DOCUMENTS = (
    Index("user_status_created", "documents", (("user_id", 1), ("status", 1), ("created_at", -1)), "(uploads)"),
    Index(
        "user_document_chunk",
        "document_chunks",
        (("user_id", 1), ("document_id", 1), ("chunk_index", 1)),
        "(chunks in order)",
    ),
)

INDEXES: tuple[Index, ...] = (
    *USERS,
    *AUTH_SESSIONS,
    *MAIL_LINKS,
    *EXTERNAL_IDENTITIES,
    *SECOND_FACTORS,
    *API_KEYS,
    *CONVERSATIONS,
    *MESSAGES,
    *LEDGER,
    *FEEDBACK,
    *ROUTING,
    *PERSONAL,
    *OPERATIONS,
    *AUDIT_LOG,
    *LATER_DOCUMENTS,
)
