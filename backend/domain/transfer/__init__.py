"""Conversations on their way between servers: the values, and the formats that they are read from and written in."""

from backend.domain.transfer.aether import from_aether, to_aether
from backend.domain.transfer.chatgpt import from_chatgpt
from backend.domain.transfer.markdown import markdown_heading, markdown_message
from backend.domain.transfer.values import (
    NotTransferable,
    TransferConversation,
    TransferMessage,
    path_to,
)

__all__ = [
    "NotTransferable",
    "TransferConversation",
    "TransferMessage",
    "from_aether",
    "from_chatgpt",
    "markdown_heading",
    "markdown_message",
    "path_to",
    "to_aether",
]
