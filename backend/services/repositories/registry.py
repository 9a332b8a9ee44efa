"""Every named query there is: what --explain runs. A test fails where a module's queries are missing here."""

from backend.services.repositories import (
    alerts,
    api_keys,
    audit_log,
    auth_sessions,
    controls,
    conversations,
    external_identities,
    feedback,
    folders,
    idempotency,
    leases,
    mail_requests,
    messages,
    metrics,
    one_time_tokens,
    personal_data,
    second_factors,
    usage,
    users,
)
from backend.services.scalable_database import Query, reads

MODULES = (
    alerts,
    api_keys,
    audit_log,
    auth_sessions,
    controls,
    conversations,
    folders,
    external_identities,
    feedback,
    idempotency,
    leases,
    mail_requests,
    messages,
    metrics,
    one_time_tokens,
    personal_data,
    reads,
    second_factors,
    usage,
    users,
)
NAMED_QUERIES: tuple[Query, ...] = tuple(query for module in MODULES for query in module.QUERIES)
