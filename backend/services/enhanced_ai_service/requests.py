"""What callers ask of the service. Routes build these from validated input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.domain.api_keys import KeyGrant
from backend.domain.conversations import ContextItem
from backend.domain.preferences import USUAL_ROUTING, RoutingPreferences

Priority = Literal["normal", "high", "premium"]
CollaborationMode = Literal["parallel", "sequential"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Common to one agent and to a team. deadline_s: seconds for everything; max_cost: pico-dollars for everything.

    api_key: of a program, whose limit counts beside the user's.
    parent_id: the message to branch from. regenerate_of: the answer to make anew (the question is the stored one).
    temporary: the conversation that it starts is; one that it continues must be.
    """

    user_id: str
    api_key: KeyGrant | None = None
    message: str
    conversation_id: str | None = None
    parent_id: str | None = None
    regenerate_of: str | None = None
    context: tuple[ContextItem, ...] = ()
    temporary: bool = False
    use_cache: bool = True
    deadline_s: float | None = None
    max_cost: int | None = None
    correlation_id: str | None = None

    @property
    def reusable(self) -> bool:
        """Whether answers may come from, and go to, the cache and other requests in flight."""
        return self.use_cache and self.regenerate_of is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAsk(Ask):
    """A question to one agent. agent_type: "auto", an agent's id, or "quick" (no agent, the small model).

    cascade: a small model's answer is checked, and the large model asked where it is doubted; None: as deployed.
    """

    agent_type: str = "auto"
    model: str | None = None
    priority: Priority = "normal"
    max_tokens: int | None = None
    cascade: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamAsk(Ask):
    """A question to several agents. min_agents: enough answers to finish early, None waits for all."""

    agents: tuple[str, ...]
    collaboration_mode: CollaborationMode = "parallel"
    min_agents: int | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a turn stands: its conversation, what came before it, and the message it answers to.

    instructions: what the user wants every agent to know, as the system part of a prompt ends with it.
    title None: the conversation exists. user_message_id set: the question is stored already (regeneration).
    temporary: the conversation is. replaced: receipt of the answer that is made anew.
    """

    conversation_id: str
    title: str | None
    parent_id: str | None
    items: tuple[ContextItem, ...] = field(default=())
    user_message_id: str | None = None
    message: str = ""
    instructions: str = ""
    routing: RoutingPreferences = USUAL_ROUTING
    temporary: bool = False
    replaced: Mapping[str, Any] | None = None
