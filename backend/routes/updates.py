"""Live updates: what changes elsewhere, as server-sent events."""

from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from backend.domain.updates import AlertUpdate, ConversationUpdate, MessageUpdate, NoDetail
from backend.errors import Unauthenticated
from backend.routes.answers import event_response
from backend.routes.deps import AetherServices, Credentials, CurrentUser
from backend.routes.events import EVENT_STREAM, schemas_of
from backend.routes.problems import PROBLEMS, SCHEMAS
from backend.services.services import Services
from backend.services.updates import Frame

PATH = "/api/events"
HEARTBEAT = b": still here\n\n"

SHAPES: dict[str, type] = {
    "ready": NoDetail,
    "conversation_changed": ConversationUpdate,
    "conversation_deleted": ConversationUpdate,
    "message_added": MessageUpdate,
    "feedback_changed": MessageUpdate,
    "folders_changed": NoDetail,
    "alert_fired": AlertUpdate,
    "alert_resolved": AlertUpdate,
    "resync": NoDetail,
}
"""Event -> the shape of its data."""

DESCRIPTION = """Server-sent events, UTF-8, without ids: what was missed is not repeated. Each has a name and one line
of JSON that says what to read anew:

| event | data | when |
|---|---|---|
| `ready` | {} | once, first: changes from now on are told. After a reconnect read anew what is shown |
| `conversation_changed` | ConversationUpdate | renamed, pinned, archived, filed or restored |
| `conversation_deleted` | ConversationUpdate | deleted |
| `message_added` | MessageUpdate | a question or an answer is stored, or its state has changed |
| `feedback_changed` | MessageUpdate | an answer was judged, or a verdict was taken back |
| `folders_changed` | {} | a folder was made, renamed or deleted |
| `alert_fired`, `alert_resolved` | AlertUpdate | for administrators |
| `resync` | {} | updates were lost, or are too many to list: read anew what is shown |

A comment every 15 seconds shows that the connection lives. The stream ends after AETHER_EVENTS_LIFETIME, or where the
access token has expired or was ended: connect again."""

EXAMPLE = """event: ready
data: {}

event: message_added
data: {"conversation_id":"conv_01","message_id":"msg_01"}

: still here

event: conversation_changed
data: {"conversation_id":"conv_01"}

"""

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Updates of the caller's own conversations; alerts for administrators",
        "content": {
            EVENT_STREAM: {
                "schema": {"type": "string", "description": DESCRIPTION},
                "examples": {"updates": {"summary": "Another device asks and renames", "value": EXAMPLE}},
                "x-events": {name: {"$ref": f"{SCHEMAS}/{shape.__name__}"} for name, shape in SHAPES.items()},
            }
        },
    }
}

router = APIRouter(prefix="/api", tags=["bootstrap"], responses=PROBLEMS)


def update_schemas() -> dict[str, Any]:
    """Components of the OpenAPI document that this route refers to."""
    return schemas_of(SHAPES.values(), f"{SCHEMAS}/{{model}}")


@router.get("/events", response_class=StreamingResponse, responses=EVENTS)
async def follow_updates(user: CurrentUser, services: AetherServices, credentials: Credentials) -> Response:
    """What changes in the caller's conversations on other devices, as it happens; alerts for administrators."""
    token = credentials.credentials if credentials else ""
    frames = services.updates.follow(
        user.user_id, is_admin=user.role == "admin", allowed=lambda: is_valid(services, token)
    )
    first = await anext(frames)
    return event_response(encoded(first, frames))


def is_valid(services: Services, access_token: str) -> bool:
    """From memory: it has not expired, and its sign-in was not ended."""
    try:
        services.identity.verify(access_token)
    except Unauthenticated:
        return False
    return True


async def encoded(first: Frame | None, frames: AsyncGenerator[Frame | None, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield encode(first)
        async for frame in frames:
            yield encode(frame)
    finally:
        await frames.aclose()


def encode(frame: Frame | None) -> bytes:
    return HEARTBEAT if frame is None else b"event: %s\ndata: %s\n\n" % (frame.event, frame.data)
