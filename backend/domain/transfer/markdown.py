"""A conversation as Markdown for people: the branch in use, from its first message on."""

import re
from datetime import UTC, datetime

from backend.domain.conversations import Conversation, Message

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def markdown_heading(conversation: Conversation) -> str:
    return f"# {_inline(conversation.title)}\n\n*{_day(conversation.created_at)}*\n"


def markdown_message(message: Message) -> str:
    """Who and when as a heading; what was said stays as it is, for it is Markdown."""
    who = "You" if message.role == "user" else _inline(message.agent or "Assistant")
    said = message.content if message.content else f"*{message.status}*"
    return f"\n## {who} · {_moment(message.created_at)}\n\n{said}\n"


def _inline(text: str) -> str:
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
