"""Answers as server-sent events: start, resume from any worker, stop."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from backend.routes.ai_v4 import CHAT_PROBLEMS, IdempotencyKey
from backend.routes.ai_v4_shapes import Identifier, StreamBody
from backend.routes.answers import CLIENT_CLOSED_REQUEST, answered, event_stream
from backend.routes.deps import AetherServices, ChatCaller
from backend.routes.headers import with_rate_headers
from backend.routes.limits import Questioner
from backend.routes.problems import PROBLEMS, problem_responses
from backend.services.enhanced_ai_service.outcomes import encode
from backend.services.enhanced_ai_service.streams import OpenedStream

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events metadata, token, agent_done, then one done (the receipt) or error (a problem)",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
STREAM_PROBLEMS = PROBLEMS | problem_responses(404)
LastEventId = Annotated[int, Header(alias="Last-Event-ID", ge=0, description="Resume after this event")]

router = APIRouter(prefix="/api/ai/v4", tags=["chat"])


@router.post(
    "/chat/stream",
    response_class=StreamingResponse,
    responses=with_rate_headers({**EVENTS, **CHAT_PROBLEMS}),
)
async def start_stream(
    body: StreamBody, user: Questioner, services: AetherServices, request: Request, key: IdempotencyKey = None
) -> Response:
    """An answer as it arrives. A failure before the first token is an HTTP status, a later one an error event."""
    ask = body.question(user, request.state.correlation_id)

    async def work() -> bytes:
        return encode(await services.ai.open_stream(ask))

    done = await answered(request, user.user_id, key, services.ai.idempotency, work, outlasts=True)
    if done.body is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    opened = OpenedStream(**orjson.loads(done.body))
    return await event_stream(services.ai.reread(user.user_id, opened), done.headers)


@router.get(
    "/chat/stream/{stream_id}",
    response_class=StreamingResponse,
    responses={**EVENTS, **STREAM_PROBLEMS},
)
async def resume_stream(
    stream_id: Identifier, user: ChatCaller, services: AetherServices, last_event_id: LastEventId = 0
) -> Response:
    """The rest of a stream, from any worker, without another upstream call."""
    return await event_stream(services.streams.read(user.user_id, stream_id, last_event_id))


@router.delete("/chat/stream/{stream_id}", status_code=202, responses=STREAM_PROBLEMS)
async def stop_stream(stream_id: Identifier, user: ChatCaller, services: AetherServices) -> Response:
    """Stops a stream; what was produced is kept and billed."""
    await services.streams.cancel(user.user_id, stream_id)
    return Response(status_code=202)
