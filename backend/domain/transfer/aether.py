"""Aether's own format: what an export writes, an import reads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from backend.domain.agents import AGENTS
from backend.domain.conversations import Conversation, Message, MessageStatus, Role
from backend.domain.transfer.values import (
    IMPORTED,
    MAX_CONTENT_CHARACTERS,
    MAX_ID_CHARACTERS,
    NotTransferable,
    TransferConversation,
    TransferMessage,
    clean_text,
    in_order,
    instant,
    title_from,
)

ROLES: tuple[Role, ...] = get_args(Role)
AGENT_TYPES = (*(agent.id for agent in AGENTS), "team", "quick", IMPORTED)


def to_aether(conversation: Conversation) -> dict[str, Any]:
    """The head of the document: all but its messages."""
    names = ("id", "title", "agent_type", "pinned", "archived", "created_at", "updated_at", "last_message_id")
    return {name: getattr(conversation, name) for name in names}


def message_to_aether(message: Message) -> dict[str, Any]:
    names = ("id", "parent_id", "role", "content", "status", "agent", "created_at")
    return {name: getattr(message, name) for name in names}


def from_aether(document: Mapping[str, Any], now: datetime) -> TransferConversation:
    """now: where the document has no time. Raises NotTransferable."""
    source_id = clean_text(document.get("id"), MAX_ID_CHARACTERS)
    if not source_id:
        raise NotTransferable("It has no id.")
    rows = document.get("messages")
    begun = instant(document.get("created_at"), now)
    messages = in_order([_message(row, begun) for row in rows] if isinstance(rows, list) else [])
    last = next((message.id for message in messages if message.id == document.get("last_message_id")), None)
    return TransferConversation(
        source_id=source_id,
        title=title_from(document.get("title"), messages),
        created_at=begun,
        updated_at=instant(document.get("updated_at"), max(message.created_at for message in messages)),
        messages=messages,
        last_message_id=last or messages[-1].id,
        agent_type=_agent(document.get("agent_type")) or IMPORTED,
        pinned=document.get("pinned") is True,
        archived=document.get("archived") is True,
    )


def _message(row: object, begun: datetime) -> TransferMessage:
    if not isinstance(row, Mapping):
        raise NotTransferable("One of its messages is not an object.")
    message_id, content = row.get("id"), row.get("content")
    role = next((role for role in ROLES if role == row.get("role")), None)
    if not isinstance(message_id, str) or not 0 < len(message_id) <= MAX_ID_CHARACTERS:
        raise NotTransferable("One of its messages has no id.")
    if role is None or not isinstance(content, str):
        raise NotTransferable("One of its messages has no role or no content.")
    if len(content) > MAX_CONTENT_CHARACTERS:
        raise NotTransferable("One of its messages is too long.")
    parent_id = row.get("parent_id")
    return TransferMessage(
        id=clean_text(message_id, MAX_ID_CHARACTERS),
        parent_id=parent_id if isinstance(parent_id, str) else None,
        role=role,
        content=clean_text(content, MAX_CONTENT_CHARACTERS),
        created_at=instant(row.get("created_at"), begun),
        agent=_agent(row.get("agent")),
        status=_status(row.get("status")),
    )


def _agent(value: object) -> str | None:
    return value if isinstance(value, str) and value in AGENT_TYPES else None


def _status(value: object) -> MessageStatus:
    """What was pending when it was exported has no answer to wait for here."""
    if value == "pending":
        return "interrupted"
    return next((status for status in get_args(MessageStatus) if status == value), "complete")
