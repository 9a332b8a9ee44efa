"""Chat: one agent, several agents, quotes. Streams are in streams.py, what may be looked up in catalogue.py."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from backend.domain.replies import ChatReply, QuickReply, Quote, TeamReply
from backend.routes.ai_v4_shapes import AgentId, ChatBody, EstimateBody, Identifier, QuickBody, TeamBody
from backend.routes.answers import json_answer
from backend.routes.deps import AetherServices, ChatCaller, services_of
from backend.routes.headers import with_rate_headers
from backend.routes.limits import Questioner
from backend.routes.problems import PROBLEMS, problem_responses
from backend.services.enhanced_ai_service.outcomes import encode

CHAT_PROBLEMS = problem_responses(401, 402, 403, 404, 413, 422, 429, 500, 502, 503, 504)
CHAT_ANSWERS = with_rate_headers(CHAT_PROBLEMS)
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The same key and body within 24 hours replay the stored answer",
    ),
]

router = APIRouter(prefix="/api/ai/v4", tags=["chat"])


@router.post("/chat/optimized", response_model=ChatReply, responses=CHAT_ANSWERS)
async def ask_agent(body: ChatBody, user: Questioner, request: Request, key: IdempotencyKey = None) -> Response:
    """One agent's answer: routed or named, from the cheapest model that is good enough, with its receipt."""
    ask, ai = body.ask(user, request.state.correlation_id), services_of(request).ai

    async def work() -> bytes:
        return encode(await ai.process_ai_request(ask))

    return await json_answer(request, user.user_id, key, ai.idempotency, work)


@router.post("/chat/quick", response_model=QuickReply, responses=CHAT_ANSWERS)
async def ask_quickly(body: QuickBody, user: Questioner, request: Request, key: IdempotencyKey = None) -> Response:
    """A short answer from the small model, without routing."""
    ask, ai = body.ask(user, request.state.correlation_id), services_of(request).ai

    async def work() -> bytes:
        return encode(QuickReply.of(await ai.process_ai_request(ask)))

    return await json_answer(request, user.user_id, key, ai.idempotency, work)


@router.post("/chat/multi-agent", response_model=TeamReply, responses=CHAT_ANSWERS)
async def ask_team(body: TeamBody, user: Questioner, request: Request, key: IdempotencyKey = None) -> Response:
    """Several agents' answers, side by side or one after another, and their synthesis on one bill."""
    ask, ai = body.ask(user, request.state.correlation_id), services_of(request).ai

    async def work() -> bytes:
        return encode(await ai.process_multi_agent_request(ask))

    return await json_answer(request, user.user_id, key, ai.idempotency, work)


@router.post(
    "/chat/multi-agent/{message_id}/agents/{agent}/rerun",
    response_model=TeamReply,
    responses=CHAT_ANSWERS,
)
async def rerun_agent(
    message_id: Identifier,
    agent: AgentId,
    user: Questioner,
    request: Request,
    key: IdempotencyKey = None,
) -> Response:
    """Asks one agent of a team's answer again; the others' answers are reused, the synthesis is redone."""
    ai = services_of(request).ai

    async def work() -> bytes:
        correlation_id = request.state.correlation_id
        return encode(await ai.rerun_agent(user.user_id, message_id, agent, correlation_id, api_key=user.key))

    return await json_answer(request, user.user_id, key, ai.idempotency, work)


@router.post("/chat/estimate", response_model=Quote, responses=PROBLEMS | problem_responses(402, 404, 413))
async def estimate(body: EstimateBody, user: ChatCaller, services: AetherServices) -> Response:
    """Agent, model, cost range and time of a request before it is made; nothing is sent upstream."""
    ask = body.ask(user, None)
    return Response(
        encode(await services.ai.estimate(ask, body.mode, body.agents or ())), media_type="application/json"
    )
