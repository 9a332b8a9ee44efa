"""What the events of a stream carry: their JSON, as it is produced and as it is rebuilt from a stored message."""

from typing import Any

import orjson

from backend.domain.conversations import Message, Turn
from backend.domain.problems import problem
from backend.services.enhanced_ai_service.single import AgentRun
from backend.services.enhanced_ai_service.team_run import TeamRun
from backend.services.stream_log import StreamEvent
from backend.services.stream_log.events import INTERRUPTED


def token_event(content: str, reasoning: str = "", agent: str | None = None) -> bytes:
    """agent None: the one agent of a single stream, or the synthesis of a team."""
    data = {"content": content}
    if reasoning:
        data["reasoning"] = reasoning
    if agent:
        data["agent"] = agent
    return orjson.dumps(data)


def metadata(stream_id: str, run: AgentRun) -> dict[str, Any]:
    return {
        **_head(stream_id, run.turn),
        "agent": run.plan.agent_ref,
        "model": run.plan.model.id,
        "routing": run.plan.routing,
    }


def team_metadata(stream_id: str, run: TeamRun) -> dict[str, Any]:
    models = {member.agent: member.attempt.plan.model.id for member in run.members if member.attempt}
    return {**_head(stream_id, run.turn), "agents": [member.agent for member in run.members], "models": models}


def _head(stream_id: str, turn: Turn) -> dict[str, Any]:
    return {
        "stream_id": stream_id,
        "conversation_id": turn.conversation_id,
        "message_id": turn.message_id,
        "request_id": turn.request_id,
    }


def stored_events(stream_id: str, message: Message) -> list[StreamEvent]:
    """The events of a stream that the log no longer has, each text in one piece.

    An answer that is still open, or was left open by a crash, ends with the error that the log would have given.
    """
    receipt = dict(message.receipt or {})
    head = {"stream_id": stream_id, "conversation_id": message.conversation_id, "message_id": message.id}
    rows = [("metadata", orjson.dumps({**head, "request_id": message.request_id}))]
    for response in message.responses:
        if response["response"]:
            rows.append(("token", token_event(response["response"], agent=response["agent_type"])))
        rows.append(("agent_done", orjson.dumps(response)))
    if message.content or message.reasoning:
        rows.append(("token", token_event(message.content, message.reasoning or "")))
    rows.append(_stored_end(receipt))
    return [StreamEvent(number, event, data) for number, (event, data) in enumerate(rows, 1)]


def _stored_end(receipt: dict[str, Any]) -> tuple[str, bytes]:
    if not receipt:
        return "error", INTERRUPTED
    if error := receipt.get("error"):
        document = problem(title="The answer failed", correlation_id=None, **error)
        return "error", orjson.dumps(document)
    return "done", orjson.dumps(receipt)
