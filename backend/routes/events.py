"""The events of a stream as the OpenAPI document describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter

from backend.domain.doc import Doc
from backend.domain.replies import AgentRef, AgentResponse, ChatReceipt, Routing, TeamReceipt

EVENT_STREAM = "text/event-stream"
StreamId = Annotated[str, Doc("For GET and DELETE /api/ai/v4/chat/stream/{stream_id}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMetadata:
    """How one agent's stream begins. One that is replayed after it was forgotten names only what is stored."""

    stream_id: StreamId
    conversation_id: Annotated[str, Doc("The conversation; a new one where none was named")]
    message_id: Annotated[str, Doc("The answer, as it will be stored")]
    request_id: Annotated[str, Doc("Unique for the request; the ledger's records carry it")] = ""
    agent: AgentRef | None = None
    model: Annotated[str, Doc("The model that is asked; the receipt names the one that answered")] = ""
    routing: Routing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamStreamMetadata:
    """How a team's stream begins."""

    stream_id: StreamId
    conversation_id: Annotated[str, Doc("The conversation; a new one where none was named")]
    message_id: Annotated[str, Doc("The answer, as it will be stored")]
    request_id: Annotated[str, Doc("Unique for the request; the ledger's records carry it")]
    agents: Annotated[tuple[str, ...], Doc("Agents that are asked")]
    models: Annotated[Mapping[str, str], Doc("Model by agent")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamToken:
    """A piece of the answer, as it arrived."""

    content: Annotated[str, Doc("Markdown to append; empty where the piece is reasoning")]
    reasoning: Annotated[str, Doc("What the model thinks, to append; left out where it is empty")] = ""
    agent: Annotated[str | None, Doc("A team: whose answer it belongs to; left out in the synthesis")] = None


EVENTS: Mapping[str, tuple[type, ...]] = {
    "metadata": (StreamMetadata, TeamStreamMetadata),
    "token": (StreamToken,),
    "agent_done": (AgentResponse,),
    "done": (ChatReceipt, TeamReceipt),
}
"""The shapes of each event's data; those of error are a problem's."""

DESCRIPTION = """Server-sent events, UTF-8. Each has an `id` (1, 2, 3, ...), a name and one line of JSON:

| event | data | how often |
|---|---|---|
| `metadata` | StreamMetadata; of a team TeamStreamMetadata | once, first |
| `token` | StreamToken: append `content` to the text of `agent` | as the model produces them |
| `agent_done` | AgentResponse | a team: once for each agent |
| `done` | ChatReceipt; of a team TeamReceipt. The turn is stored | once, last, or else: |
| `error` | Problem without correlation_id (it is in the response's header) | once, last |

A connection that breaks is resumed with GET, the stream's id and the header `Last-Event-ID`."""

EXAMPLE = """id: 1
event: metadata
data: {"stream_id":"str_01","conversation_id":"conv_01","message_id":"msg_01","request_id":"req_01",\
"agent":{"id":"dev","name":"Dev","role":"Senior full-stack developer"},"model":"openai/gpt-oss-20b",\
"routing":{"complexity":0.12,"tier":"small","reasons":["Dev was asked by name","small model: short and plain"]}}

id: 2
event: token
data: {"content":"","reasoning":"The list is short."}

id: 3
event: token
data: {"content":"Use `reversed(items)`."}

id: 4
event: done
data: {"finish_reason":"stop","agent":{"id":"dev","name":"Dev","role":"Senior full-stack developer"},\
"model_used":"openai/gpt-oss-20b","routing":{"complexity":0.12,"tier":"small","reasons":["Dev was asked by name"]},\
"tokens":{"prompt":161,"cached_prompt":0,"completion":14,"reasoning":5,"total":175},"tokens_used":175,\
"cost":"0.000016275","baseline_cost":"0.00003255","response_time":0.81,"cached":false,"cache":null,\
"conversation_id":"conv_01","message_id":"msg_01","request_id":"req_01","timestamp":"2026-11-22T12:00:00Z",\
"usage_estimated":false,"context_omitted":0,"attempts":1,"fallback_from":[]}

"""
BROKEN = """id: 7
event: error
data: {"type":"urn:aether:problem:upstream_error","title":"The model provider failed","status":502,\
"detail":"The answer broke off.","code":"upstream_error"}

"""


def event_schemas(ref_template: str) -> dict[str, Any]:
    """The JSON schemas of all events' data, and of what they refer to, by name."""
    return schemas_of((shape for shapes in EVENTS.values() for shape in shapes), ref_template)


def schemas_of(shapes: Iterable[type], ref_template: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for shape in shapes:
        adapter: TypeAdapter[Any] = TypeAdapter(shape)
        schema = adapter.json_schema(ref_template=ref_template)
        found |= schema.pop("$defs", {})
        found[shape.__name__] = schema
    return found


def describe_events(content: dict[str, Any], schemas: str, problem: str) -> None:
    """Completes an answer's content of type text/event-stream."""
    content["schema"] = {"type": "string", "description": DESCRIPTION}
    content["examples"] = {
        "answer": {"summary": "One agent answers", "value": EXAMPLE},
        "broken": {"summary": "How a stream ends that broke off", "value": BROKEN},
    }
    data = {name: [{"$ref": f"{schemas}/{shape.__name__}"} for shape in shapes] for name, shapes in EVENTS.items()}
    data["error"] = [{"$ref": f"{schemas}/{problem}"}]
    content["x-events"] = {name: shapes[0] if len(shapes) == 1 else {"oneOf": shapes} for name, shapes in data.items()}
