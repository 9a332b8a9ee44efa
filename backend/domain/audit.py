"""What the audit log records: who did what to whose account, and from where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SHELL = "shell"
"""The actor of what scripts/admin does: whoever has the machine."""
UNKNOWN = "unknown"
"""The actor where nobody has shown who they are: a failed sign-in."""


class AuditAction(StrEnum):
    """Stored, so that a value is never renamed and never used for something else."""

    REGISTERED = "registered"
    EMAIL_VERIFIED = "email_verified"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 (a name)
    SESSIONS_REVOKED = "sessions_revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PASSWORD_CHECK_FAILED = "password_check_failed"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105
    MFA_ENABLED = "mfa_enabled"
    MFA_DISABLED = "mfa_disabled"
    MFA_FAILED = "mfa_failed"
    MFA_RECOVERY_CODE_USED = "mfa_recovery_code_used"
    MFA_RECOVERY_CODES_REPLACED = "mfa_recovery_codes_replaced"
    API_KEY_CREATED = "api_key_created"
    API_KEY_CHANGED = "api_key_changed"
    API_KEY_REVOKED = "api_key_revoked"
    CONVERSATION_SHARED = "conversation_shared"
    SHARE_TAKEN_BACK = "share_taken_back"
    ACCOUNT_EXPORTED = "account_exported"
    ACCOUNT_DELETED = "account_deleted"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    ROLE_CHANGED = "role_changed"
    BUDGET_CHANGED = "budget_changed"
    SPENDING_SWITCHED = "spending_switched"
    CALIBRATION_SET = "calibration_set"
    CALIBRATION_FITTED = "calibration_fitted"
    CALIBRATION_ROLLED_BACK = "calibration_rolled_back"
    SIMILAR_ANSWERS_SWITCHED = "similar_answers_switched"
    LIMIT_HIT = "limit_hit"
    AUDIT_LOG_READ = "audit_log_read"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """user_id: whose account, None where it concerns none, or where it is not known whose.

    actor_id: who did it: a user's id, SHELL or UNKNOWN. address: of the client, None where there was none. count: how
    often it happened in the minute that began at `at`; 1 of everything but limit hits.
    """

    id: str
    at: datetime
    action: str
    user_id: str | None
    actor_id: str
    address: str | None
    correlation_id: str | None
    detail: Mapping[str, str]
    count: int = 1


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None: any. since: from this instant on. until: before it."""

    actor_id: str | None = None
    user_id: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None
