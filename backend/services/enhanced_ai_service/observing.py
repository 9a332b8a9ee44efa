"""What is told of a request that one agent has answered, to whoever learns from own traffic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from backend.services.llm.provider import ChatMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """routed: the model was routing's choice, at normal priority. large_share None: the deployment's budget held.

    model: whose answer it is. afresh: it is whole, and no cache's. comparable: it may be shown to another model again:
    the conversation is kept, and its owner has not opted out. replaced: receipt of the answer that it was made instead
    of, under replaced_id.
    """

    user_id: str
    message_id: str
    domain: str | None
    score: float
    tier: str
    large_share: float | None
    routed: bool
    model: str
    question: str
    answer: str
    messages: tuple[ChatMessage, ...]
    temperature: float
    max_tokens: int
    afresh: bool
    comparable: bool
    replaced_id: str | None = None
    replaced: Mapping[str, Any] | None = None


class Observer(Protocol):
    def observe(self, answered: Answered) -> None:
        """Must not wait, and must not fail."""
        ...


class NoObserver:
    """Learns nothing."""

    def observe(self, answered: Answered) -> None:
        return None
