"""ChatGPT's conversations.json: a mapping of nodes, each with a message or none, a parent and children.

Kept is what people saw: messages of the user and the assistant. System messages, calls of tools and what tools
answered are left out; what followed them follows what came before them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.domain.transfer.values import (
    MAX_CONTENT_CHARACTERS,
    MAX_ID_CHARACTERS,
    NotTransferable,
    TransferConversation,
    TransferMessage,
    clean_text,
    field,
    in_order,
    instant,
    title_from,
)

SHOWN_TYPES = ("text", "multimodal_text")
EVERYBODY = "all"
IMAGE = "[image]"
ATTACHMENT = "[attachment]"


def from_chatgpt(document: Mapping[str, Any], now: datetime) -> TransferConversation:
    """now: where the source has no time. Raises NotTransferable."""
    nodes = {node_id: node for node_id, node in field(document, "mapping").items() if isinstance(node, Mapping)}
    source_id = clean_text(document.get("conversation_id") or document.get("id"), MAX_ID_CHARACTERS)
    if not source_id:
        raise NotTransferable("It has no id.")
    begun = instant(document.get("create_time"), now)
    texts = {node_id: text for node_id, node in nodes.items() if (text := _shown(field(node, "message"))) is not None}
    messages = in_order(
        [
            TransferMessage(
                id=node_id,
                parent_id=_nearest(nodes, texts, _parent(nodes[node_id])),
                role="user" if _role(field(nodes[node_id], "message")) == "user" else "assistant",
                content=text,
                created_at=instant(field(nodes[node_id], "message").get("create_time"), begun),
            )
            for node_id, text in texts.items()
        ]
    )
    current = document.get("current_node")
    return TransferConversation(
        source_id=source_id,
        title=title_from(document.get("title"), messages),
        created_at=begun,
        updated_at=instant(document.get("update_time"), max(message.created_at for message in messages)),
        messages=messages,
        last_message_id=_nearest(nodes, texts, current if isinstance(current, str) else None) or messages[-1].id,
        archived=document.get("is_archived") is True,
    )


def _role(message: Mapping[str, Any]) -> object:
    return field(message, "author").get("role")


def _parent(node: Mapping[str, Any]) -> str | None:
    parent = node.get("parent")
    return parent if isinstance(parent, str) else None


def _nearest(nodes: Mapping[str, Any], kept: Mapping[str, str], node_id: str | None) -> str | None:
    """The node itself or the closest one above it that is kept."""
    seen: set[str] = set()
    while node_id is not None and node_id not in kept:
        if node_id in seen or node_id not in nodes:
            return None
        seen.add(node_id)
        node_id = _parent(nodes[node_id])
    return node_id


def _shown(message: Mapping[str, Any]) -> str | None:
    """The text of a message that people saw, None for any other."""
    content = field(message, "content")
    if _role(message) not in ("user", "assistant") or content.get("content_type") not in SHOWN_TYPES:
        return None
    if message.get("recipient", EVERYBODY) != EVERYBODY:
        return None
    if field(message, "metadata").get("is_visually_hidden_from_conversation") is True:
        return None
    parts = content.get("parts")
    texts = [_part(part) for part in parts] if isinstance(parts, list) else []
    text = "\n\n".join(text for text in texts if text)
    if len(text) > MAX_CONTENT_CHARACTERS:
        raise NotTransferable("One of its messages is too long.")
    return clean_text(text, MAX_CONTENT_CHARACTERS).strip() or None


def _part(part: object) -> str:
    """Of several media only the words come along; for the others a mark stands in."""
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return ""
    if isinstance(spoken := part.get("text"), str):
        return spoken
    return IMAGE if part.get("content_type") == "image_asset_pointer" else ATTACHMENT
