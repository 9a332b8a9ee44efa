"""What a user's other devices, and administrators, are told as it happens. An update says what changed, not to what."""

from dataclasses import dataclass
from typing import Annotated, Literal

from backend.domain.doc import Doc

UpdateName = Literal[
    "ready",
    "conversation_changed",
    "conversation_deleted",
    "message_added",
    "feedback_changed",
    "folders_changed",
    "alert_fired",
    "alert_resolved",
    "resync",
]


@dataclass(frozen=True, slots=True)
class ConversationUpdate:
    conversation_id: Annotated[str, Doc("The conversation; read it anew")]


@dataclass(frozen=True, slots=True)
class MessageUpdate:
    conversation_id: Annotated[str, Doc("The conversation; its title, time and preview may be others now")]
    message_id: Annotated[str, Doc("The question or answer; read it anew")]


@dataclass(frozen=True, slots=True)
class AlertUpdate:
    rule: Annotated[str, Doc("The rule's id")]
    severity: Annotated[str, Doc("warning or critical")]
    message: Annotated[str, Doc("For people")]


@dataclass(frozen=True, slots=True)
class NoDetail:
    """Read everything anew that is shown (resync), or the folders (folders_changed)."""


@dataclass(frozen=True, slots=True)
class Update:
    event: UpdateName
    data: ConversationUpdate | MessageUpdate | AlertUpdate | NoDetail = NoDetail()


READY, RESYNC, FOLDERS_CHANGED = Update("ready"), Update("resync"), Update("folders_changed")


def conversation_changed(conversation_id: str) -> Update:
    return Update("conversation_changed", ConversationUpdate(conversation_id))


def conversation_deleted(conversation_id: str) -> Update:
    return Update("conversation_deleted", ConversationUpdate(conversation_id))


def message_added(conversation_id: str, message_id: str) -> Update:
    return Update("message_added", MessageUpdate(conversation_id, message_id))


def feedback_changed(conversation_id: str, message_id: str) -> Update:
    return Update("feedback_changed", MessageUpdate(conversation_id, message_id))
