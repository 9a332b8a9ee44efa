"""One question and its answer as the services would have had them: a turn, its outcome, its calls and their bill."""

from datetime import datetime, timedelta
from random import Random

from backend.domain.agents import AGENTS, SYNTHESIZER, TEAM
from backend.domain.conversations import Turn, TurnOutcome
from backend.domain.models import ModelCatalogue, Tier
from backend.domain.replies import AgentRef, AgentResponse, CacheUse, ChatReply, Routing, TeamReply, Tokens
from backend.domain.savings import NOTHING_SAVED, saved_of
from backend.domain.usage import TokenUsage, UsageRecord, format_usd
from backend.services.enhanced_ai_service.outcomes import Bill, outcome_of, team_outcome
from backend.services.performance_cache import CachedAnswer
from benchmark.history.words import Texts

TEAM_SHARE = 0.18
CACHED_SHARE = 0.12
LARGE_SHARE = 0.15
LIFETIME = timedelta(minutes=3)
CHARACTERS_PER_TOKEN = 4
REASONS = ("The words of the question decided.", "The score is below the bound of the large model.")
REFS = {agent.id: AgentRef(agent.id, agent.name, agent.role) for agent in AGENTS}


class Exchanges:
    """One answer in five or so is a team's, so that there are about as many calls as there are messages."""

    def __init__(self, texts: Texts, catalogue: ModelCatalogue) -> None:
        self._texts = texts
        self._catalogue = catalogue

    def outcome(self, rng: Random, turn: Turn) -> TurnOutcome:
        """Of a turn whose agent is chosen already."""
        if turn.agent == TEAM:
            return self._team(rng, turn)
        return self._cached(rng, turn) if rng.random() < CACHED_SHARE else self._asked(rng, turn)

    def _asked(self, rng: Random, turn: Turn) -> TurnOutcome:
        content = self._texts.answer(rng)
        call = self._call(rng, turn, 0, turn.agent, "answer", content, _tier(rng))
        bill = Bill(call.usage, call.cost, call.baseline, False)
        answer = _stored(turn, content, call)
        return outcome_of(_reply(turn, answer, bill, call.latency_s, call.timestamp, None), [call], answer)

    def _cached(self, rng: Random, turn: Turn) -> TurnOutcome:
        content = self._texts.answer(rng)
        earlier = self._call(rng, turn, 0, turn.agent, "answer", content, _tier(rng))
        answer = _stored(turn, content, earlier)
        use = CacheUse("l1" if rng.random() < 0.5 else "l3", round(rng.random() * 3600, 3), format_usd(answer.cost))
        finished_at = turn.created_at + timedelta(milliseconds=5)
        bill = Bill(TokenUsage(), 0, answer.baseline, False)
        return outcome_of(_reply(turn, answer, bill, 0.005, finished_at, use), [], answer)

    def _team(self, rng: Random, turn: Turn) -> TurnOutcome:
        texts = [self._texts.sentence(rng) for _ in AGENTS]
        calls = [
            self._call(rng, turn, number, agent.id, "agent", text, _tier(rng))
            for number, (agent, text) in enumerate(zip(AGENTS, texts, strict=True))
        ]
        content = self._texts.answer(rng)
        calls.append(self._call(rng, turn, len(calls), SYNTHESIZER.id, "synthesis", content, "large"))
        bill = Bill.of(calls)
        reply = TeamReply(
            individual_responses=tuple(map(_member, calls, texts)),
            agents_used=tuple(REFS),
            total_cost=format_usd(bill.cost),
            baseline_cost=format_usd(bill.baseline),
            saved=format_usd(saved_of(bill.cost, bill.baseline)),
            total_tokens=bill.usage.total,
            response_time=calls[-1].latency_s,
            cached=False,
            conversation_id=turn.conversation_id,
            message_id=turn.message_id,
            request_id=turn.request_id,
            timestamp=calls[-1].timestamp,
            synthesis_model=calls[-1].model,
            synthesized_response=content,
        )
        return team_outcome(reply, calls, bill.baseline, NOTHING_SAVED)

    def _call(
        self, rng: Random, turn: Turn, number: int, agent: str, purpose: str, text: str, tier: Tier
    ) -> UsageRecord:
        model = self._catalogue.for_tier(tier)
        prompt = 150 + int(rng.random() * 600)
        usage = TokenUsage(prompt, prompt // 2, len(text) // CHARACTERS_PER_TOKEN, int(rng.random() * 20))
        latency = round(0.2 + rng.random() * 2, 4)
        return UsageRecord(
            call=number,
            agent=agent,
            model=model.id,
            usage=usage,
            cost=model.cost(usage),
            baseline=self._catalogue.baseline.cost(usage),
            price_version=model.price_version,
            latency_s=latency,
            ttft_s=round(latency / 4, 4),
            outcome="ok",
            purpose=purpose,
            timestamp=turn.created_at + timedelta(seconds=latency),
        )


def choose_agent(rng: Random) -> str:
    return TEAM if rng.random() < TEAM_SHARE else AGENTS[int(rng.random() * len(AGENTS))].id


def _tier(rng: Random) -> Tier:
    return "large" if rng.random() < LARGE_SHARE else "small"


def _stored(turn: Turn, content: str, call: UsageRecord) -> CachedAnswer:
    return CachedAnswer(
        user_id=turn.user_id,
        content=content,
        reasoning=None,
        finish_reason="stop",
        agent=call.agent,
        model=call.model,
        usage=call.usage,
        cost=call.cost,
        baseline=call.baseline,
        created_at=turn.created_at,
    )


def _reply(
    turn: Turn, answer: CachedAnswer, bill: Bill, seconds: float, finished_at: datetime, cache: CacheUse | None
) -> ChatReply:
    return ChatReply(
        content=answer.content,
        finish_reason=answer.finish_reason,
        agent=REFS[answer.agent],
        model_used=answer.model,
        routing=Routing(0.4, "small", REASONS),
        tokens=Tokens.of(bill.usage),
        tokens_used=bill.usage.total,
        cost=format_usd(bill.cost),
        baseline_cost=format_usd(bill.baseline),
        saved=format_usd(saved_of(bill.cost, bill.baseline)),
        response_time=seconds,
        cached=cache is not None,
        cache=cache,
        conversation_id=turn.conversation_id,
        message_id=turn.message_id,
        request_id=turn.request_id,
        timestamp=finished_at,
    )


def _member(call: UsageRecord, text: str) -> AgentResponse:
    return AgentResponse(
        agent_type=call.agent,
        status="ok",
        error=None,
        model_used=call.model,
        tokens_used=call.usage.total,
        cost=format_usd(call.cost),
        response_time=call.latency_s,
        response=text,
    )
