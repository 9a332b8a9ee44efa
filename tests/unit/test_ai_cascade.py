"""A cascade asks the large model only where the small one's answer is doubted, and both calls are on one bill."""

import asyncio
from dataclasses import replace

import pytest

from backend.domain.budgets import Amount
from backend.domain.models import ModelCatalogue
from backend.domain.replies import ChatReply
from backend.domain.usage import TokenUsage, format_usd, parse_usd
from backend.errors import UpstreamError
from backend.services.enhanced_ai_service.bounds import most_of
from backend.services.enhanced_ai_service.planning import Planner
from backend.services.llm.provider import ChatRequest
from backend.services.llm.scripted import USAGE, Reply, ScriptedProvider
from backend.services.performance_cache import CachedAnswer
from tests.support.ai import ADA, Ai, ask, running_ai
from tests.support.monitoring import LARGE, SMALL
from tests.support.routing import agent_router, complexity_router
from tests.support.waiting import eventually

CATALOGUE = ModelCatalogue()
SMALL_COST, LARGE_COST = CATALOGUE.for_tier("small").cost(USAGE) or 0, CATALOGUE.baseline.cost(USAGE) or 0
QUESTION = "Who won the cup?"
UNSURE, SURE = Reply(("I don't know", " who won.")), Reply(("Poland", " won."))
GIVEN_UP = f"the answer of {SMALL} was doubted (the answer says that it does not know) and given up"


def models(small: Reply, large: Reply = SURE) -> ScriptedProvider:
    def script(request: ChatRequest) -> Reply:
        return small if request.model == SMALL else large

    return ScriptedProvider(script=script)


def asked(ai: Ai) -> list[str]:
    return [request.model for request in ai.provider.requests]


async def answered(ai: Ai, **fields: object) -> ChatReply:
    return await ai.service.process_ai_request(ask(QUESTION, **{"cascade": True, **fields}))


async def test_a_doubted_answer_is_asked_for_again_and_both_calls_are_on_the_bill() -> None:
    async with running_ai(models(UNSURE)) as ai:
        reply = await answered(ai)
        assert (reply.content, reply.model_used, asked(ai)) == ("Poland won.", LARGE, [SMALL, LARGE])
        assert reply.cost == format_usd(SMALL_COST + LARGE_COST)
        assert reply.baseline_cost == format_usd(LARGE_COST)
        assert reply.saved == format_usd(-SMALL_COST)
        assert reply.tokens_used == 2 * USAGE.total
        assert [(call.model, call.purpose) for call in reply.calls] == [(SMALL, "answer"), (LARGE, "escalation")]
        assert reply.cascade is not None
        assert (reply.cascade.first_model, reply.cascade.escalated) == (SMALL, True)
        assert reply.routing.reasons[-1] == GIVEN_UP
        ledger = [(call.call, call.purpose, call.cost, call.baseline, call.saved) for call in ai.log.calls]
        assert ledger == [
            (0, "answer", SMALL_COST, 0, -SMALL_COST),
            (1, "escalation", LARGE_COST, LARGE_COST, 0),
        ]


async def test_an_answer_that_nothing_speaks_against_stands() -> None:
    async with running_ai(models(SURE)) as ai:
        reply = await answered(ai)
        assert (reply.model_used, reply.cost, asked(ai)) == (SMALL, format_usd(SMALL_COST), [SMALL])
        assert reply.saved == format_usd(LARGE_COST - SMALL_COST)
        assert reply.routing.reasons[-1] == f"the answer of {SMALL} was checked and stands"


async def test_its_answer_is_reused_for_cascades_only_and_says_what_it_was() -> None:
    async with running_ai(models(UNSURE)) as ai:
        first = await answered(ai)
        again = await answered(ai)
        assert (again.cached, again.cost, again.content, again.calls) == (True, "0", first.content, ())
        assert (again.cascade, again.routing.reasons[-1]) == (first.cascade, GIVEN_UP)
        assert again.cache is not None
        assert again.cache.saved == first.cost
        plain = await answered(ai, cascade=False)
        assert (plain.cached, plain.model_used, plain.cascade) == (False, SMALL, None)


@pytest.mark.parametrize(
    ("fields", "large", "hindrance", "calls"),
    [
        ({"deadline_s": 1.0}, SURE, "time", [SMALL]),
        ({"max_cost": 200 * 10**6, "max_tokens": 64}, SURE, None, [SMALL, LARGE]),
        ({}, Reply(error=UpstreamError("no")), "model", [SMALL, LARGE]),
    ],
)
async def test_a_doubted_answer_stands_where_the_large_model_cannot_be_had(
    fields: dict[str, object], large: Reply, hindrance: str | None, calls: list[str]
) -> None:
    async with running_ai(models(UNSURE, large)) as ai:
        reply = await answered(ai, **fields)
        assert asked(ai) == calls
        assert reply.cascade is not None
        assert (reply.cascade.hindered_by, reply.cascade.escalated) == (hindrance, hindrance is None)
        again = await answered(ai, **fields)
        assert again.cached == (hindrance is None), "what only had to stand is asked again"
        assert {call.baseline for call in ai.log.calls if call.outcome == "failed"} <= {0}


async def test_a_first_answer_that_uses_the_cap_up_stands() -> None:
    long = replace(UNSURE, usage=TokenUsage(20, 0, 200, 1))
    async with running_ai(models(long)) as ai:
        reply = await answered(ai, max_cost=100 * 10**6, max_tokens=64)
        assert reply.cascade is not None
        assert (reply.cascade.hindered_by, asked(ai)) == ("cost", [SMALL])


async def test_a_cap_that_never_covers_the_large_model_leaves_the_answer_unchecked_and_says_so() -> None:
    async with running_ai(models(UNSURE)) as ai:
        reply = await answered(ai, max_cost=45 * 10**6, max_tokens=64)
        assert (reply.cascade, asked(ai)) == (None, [SMALL])
        assert reply.routing.reasons[-1] == f"the cost cap leaves nothing for {LARGE}, so the answer is not checked"


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (QUESTION, {"model": SMALL}),
        (QUESTION, {"agent_type": "quick"}),
        ("Design a distributed database, prove that it is consistent, and explain step by step why.", {}),
    ],
)
async def test_a_model_that_routing_did_not_save_with_is_not_checked(message: str, fields: dict[str, object]) -> None:
    async with running_ai(models(UNSURE, UNSURE), cascade=True) as ai:
        reply = await ai.service.process_ai_request(ask(message, **fields))
        assert (reply.cascade, ai.provider.started) == (None, 1)


@pytest.mark.parametrize(("deployed", "wanted", "calls"), [(True, None, 2), (True, False, 1), (False, None, 1)])
async def test_a_request_may_say_otherwise_than_the_deployment(deployed: bool, wanted: bool | None, calls: int) -> None:
    async with running_ai(models(UNSURE), cascade=deployed) as ai:
        await answered(ai, cascade=wanted)
        assert ai.provider.started == calls


async def test_identical_questions_share_both_calls() -> None:
    hold = asyncio.Event()
    async with running_ai(models(replace(UNSURE, hold=hold))) as ai:
        asking = [asyncio.ensure_future(answered(ai)) for _ in range(2)]
        await eventually(lambda: len(ai.log.turns) == 2)
        hold.set()
        replies = await asyncio.gather(*asking)
        assert (asked(ai), len(ai.log.calls)) == ([SMALL, LARGE], 2)
        assert {reply.cost for reply in replies} == {"0", format_usd(SMALL_COST + LARGE_COST)}
        assert replies[0].cascade == replies[1].cascade is not None


async def test_leaving_during_the_escalation_bills_both_calls_and_keeps_the_first_answer() -> None:
    hold = asyncio.Event()
    async with running_ai(models(UNSURE, Reply(hold=hold))) as ai:
        asking = asyncio.ensure_future(answered(ai, use_cache=False))
        await eventually(lambda: ai.provider.started == 2)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await eventually(lambda: ai.log.statuses == ["interrupted"])
        [outcome] = ai.log.closes
        assert outcome.content == "I don't know who won."
        assert [(call.purpose, call.outcome) for call in ai.log.calls] == [
            ("answer", "ok"),
            ("escalation", "cancelled"),
        ]
        assert ai.unsettled == 0


async def streamed(ai: Ai) -> tuple[str, str]:
    """(the text that went out, how it ended)."""
    opened = await ai.service.open_stream(ask(QUESTION, cascade=True))
    events = await ai.events(opened.stream_id)
    return "".join(data["content"] for event, data in events if event == "token"), events[-1][0]


async def test_a_stream_holds_the_first_answer_back_until_it_is_checked() -> None:
    async with running_ai(models(UNSURE)) as ai:
        assert await streamed(ai) == ("Poland won.", "done")
    async with running_ai(models(UNSURE, Reply(error=UpstreamError("no")))) as ai:
        assert await streamed(ai) == ("I don't know who won.", "done")


async def test_a_stream_whose_second_answer_broke_off_is_not_replaced_by_the_first() -> None:
    async with running_ai(models(UNSURE, replace(SURE, after=1, error=UpstreamError("cut")))) as ai:
        assert await streamed(ai) == ("Poland", "error")
        assert ai.log.statuses == ["interrupted"]
        assert [call.baseline == 0 for call in ai.log.calls] == [True, False]


async def test_a_quote_spans_from_one_call_to_both() -> None:
    async with running_ai(models(UNSURE)) as ai:
        plain = await ai.service.estimate(ask(QUESTION), "optimized")
        checked = await ai.service.estimate(ask(QUESTION, cascade=True), "optimized")
    assert checked.cost.low == plain.cost.low
    assert plain.cost.high is not None
    assert checked.cost.high is not None
    assert parse_usd(checked.cost.high) == 3 * parse_usd(plain.cost.high)  # the large model costs twice as much


def test_what_is_reserved_covers_both_calls() -> None:
    plan = Planner(CATALOGUE, complexity_router(), agent_router(), max_tokens=500, context_tokens=1_000).plan(
        ADA, QUESTION, (), cascade=True
    )
    assert plan.escalation is not None
    first = most_of(replace(plan, escalation=None), CATALOGUE)
    assert most_of(plan, CATALOGUE) == first + most_of(plan.escalation, CATALOGUE)
    assert isinstance(first, Amount)


async def test_a_stored_cascade_is_what_it_was() -> None:
    async with running_ai(models(UNSURE)) as ai:
        with ai.service._limiter.slot(ADA) as slot:
            run = await ai.service._single.prepare(ask(QUESTION, cascade=True), slot)
            answer, _ = await ai.service._single.asker.ask(run.attempt(shared=False))
        assert answer.cascade is not None
        assert CachedAnswer.decode(answer.encode()) == answer
