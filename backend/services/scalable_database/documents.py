"""BSON documents to domain values, one function a collection. The only place where field names meet attributes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.domain.conversations import Conversation, Message
from backend.domain.daily_usage import COUNTERS, DailyUsage
from backend.domain.external_identities import ExternalIdentity
from backend.domain.one_time_tokens import OneTimeToken, Registration
from backend.domain.second_factors import SecondFactor
from backend.domain.users import DEFAULT_LOCALE, Session, User

Document = dict[str, Any]


def storable(instant: datetime) -> datetime:
    """As BSON keeps it, in whole milliseconds: what is answered before it was read is what will be read."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def user_from(document: Mapping[str, Any]) -> User:
    return User(
        id=document["_id"],
        email=document["email"],
        name=document["name"],
        role=document["role"],
        plan=document["plan"],
        created_at=document["created_at"],
        password_hash=document.get("password_hash"),
        verified_at=document.get("verified_at"),
        locale=document.get("locale", DEFAULT_LOCALE),
        retention_days=document.get("retention_days"),
        disabled_at=document.get("disabled_at"),
    )


def external_identity_from(document: Mapping[str, Any]) -> ExternalIdentity:
    return ExternalIdentity(
        user_id=document["user_id"],
        issuer=document["issuer"],
        subject=document["subject"],
        email=document["email"],
        linked_at=document["linked_at"],
        last_used=document["last_used"],
    )


def one_time_token_from(document: Mapping[str, Any]) -> OneTimeToken:
    registration = document.get("registration")
    return OneTimeToken(
        hash=document["hash"],
        purpose=document["purpose"],
        user_id=document["user_id"],
        email=document["email"],
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        registration=Registration(**registration) if registration else None,
    )


def session_from(document: Mapping[str, Any]) -> Session:
    return Session(
        id=document["_id"],
        user_id=document["user_id"],
        token_hash=document["token_hash"],
        previous_hash=document.get("previous_hash"),
        rotated_at=document.get("rotated_at"),
        created_at=document["created_at"],
        last_used=document["last_used"],
        expires_at=document["expires_at"],
        revoked_at=document.get("revoked_at"),
        device=document["device"],
    )


def second_factor_from(document: Mapping[str, Any]) -> SecondFactor:
    return SecondFactor(
        user_id=document["user_id"],
        secret=document["secret"],
        created_at=document["created_at"],
        enabled_at=document.get("enabled_at"),
        recovery_codes=tuple(document.get("recovery_codes") or ()),
    )


def conversation_from(document: Mapping[str, Any]) -> Conversation:
    return Conversation(
        id=document["_id"],
        user_id=document["user_id"],
        title=document["title"],
        agent_type=document["agent_type"],
        last_message_id=document["last_message_id"],
        message_count=document["message_count"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        pinned=document["pinned"],
        archived=document["archived"],
        folder_id=document["folder_id"],
        temporary=document["temporary"],
        preview=document["last_message"]["preview"],
    )


def message_from(document: Mapping[str, Any]) -> Message:
    return Message(
        id=document["message_id"],
        conversation_id=document["conversation_id"],
        user_id=document["user_id"],
        role=document["role"],
        parent_id=document["parent_id"],
        content=document["content"],
        status=document["status"],
        agent=document["agent"],
        request_id=document["request_id"],
        created_at=document["created_at"],
        receipt=document.get("receipt"),
        responses=tuple(document.get("responses") or ()),
        reasoning=document.get("reasoning"),
    )


def daily_usage_from(document: Mapping[str, Any]) -> DailyUsage:
    counters = {name: document.get(name, 0) for name in COUNTERS}
    return DailyUsage(day=document["day"], model=document["model"], agent=document["agent"], **counters)
