"""Every upstream call is paid for once, by a request that is there, whoever leaves and whenever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.domain.models import ModelCatalogue, with_models
from backend.domain.usage import TokenUsage, parse_usd
from backend.errors import BudgetExceeded, DeadlineExceeded, UpstreamError
from backend.services.llm.provider import ChatRequest, Completion
from backend.services.llm.registry import compose
from backend.services.llm.retry import RetryPolicy
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.support.ai import Ai, ask, ask_team, running_ai
from tests.support.waiting import eventually

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"


async def gone(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def hold() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def ai(hold: asyncio.Event) -> AsyncIterator[Ai]:
    """Its provider answers when the event is set."""
    async with running_ai(ScriptedProvider(Reply(hold=hold))) as ai:
        yield ai
        hold.set()


async def test_leaving_while_the_question_is_stored_calls_nobody_and_closes_the_turn(ai: Ai) -> None:
    ai.log.opening.clear()
    asking = asyncio.ensure_future(ai.service.process_ai_request(ask()))
    await eventually(lambda: len(ai.log.turns) == 1)
    await gone(asking)
    await eventually(lambda: ai.log.statuses == ["interrupted"])
    assert (ai.provider.started, ai.log.calls, ai.unsettled) == (0, [], 0)


@pytest.mark.parametrize("reusable", [True, False])
async def test_leaving_during_the_call_closes_it_and_bills_an_estimate(ai: Ai, reusable: bool) -> None:
    asking = asyncio.ensure_future(ai.service.process_ai_request(ask(use_cache=reusable)))
    await eventually(lambda: ai.provider.started == 1)
    await gone(asking)
    await eventually(lambda: ai.log.statuses == ["interrupted"])
    [call] = ai.log.calls
    assert (call.outcome, call.estimated, ai.provider.cancelled, ai.unsettled) == ("cancelled", True, 1, 0)
    assert call.cost is not None
    assert call.cost > 0


async def test_leaving_while_the_answer_is_stored_changes_nothing_about_it(ai: Ai, hold: asyncio.Event) -> None:
    ai.log.closing.clear()
    hold.set()
    asking = asyncio.ensure_future(ai.service.process_ai_request(ask()))
    await eventually(lambda: len(ai.log.closes) == 1)
    await gone(asking)
    ai.log.closing.set()
    await ai.service.close()
    assert (ai.log.statuses, len(ai.log.closes)) == (["complete"], 1)
    assert [call.outcome for call in ai.log.calls] == ["ok"]


@pytest.mark.parametrize("team", [False, True])
async def test_leaving_while_a_failure_is_stored_changes_nothing_about_it(team: bool) -> None:
    async with running_ai(ScriptedProvider(Reply(error=UpstreamError("no")))) as ai:
        ai.log.closing.clear()
        work = ai.service.process_multi_agent_request(ask_team()) if team else ai.service.process_ai_request(ask())
        asking = asyncio.ensure_future(work)
        await eventually(lambda: len(ai.log.closes) == 1)
        await gone(asking)
        ai.log.closing.set()
        await ai.service.close()
        assert (ai.log.statuses, len(ai.log.closes)) == (["failed"], 1)


async def test_a_leader_that_leaves_hands_the_bill_to_who_still_waits(ai: Ai, hold: asyncio.Event) -> None:
    leader = asyncio.ensure_future(ai.service.process_ai_request(ask()))
    await eventually(lambda: ai.provider.started == 1)
    follower = asyncio.ensure_future(ai.service.process_ai_request(ask()))
    await eventually(lambda: len(ai.log.turns) == 2)
    await gone(leader)
    hold.set()
    reply = await follower
    assert not reply.cached
    assert [(call.outcome, call.cost) for call in ai.log.calls] == [("ok", parse_usd(reply.cost or ""))]
    assert (ai.provider.started, ai.unsettled, ai.log.statuses) == (1, 0, ["interrupted", "complete"])


async def test_all_who_wait_leave_at_once_and_one_of_them_pays(ai: Ai) -> None:
    asking = [asyncio.ensure_future(ai.service.process_ai_request(ask())) for _ in range(3)]
    await eventually(lambda: ai.provider.started == 1 and len(ai.log.turns) == 3)
    await gone(*asking)
    await ai.service.close()
    assert [call.outcome for call in ai.log.calls] == ["cancelled"]
    assert (ai.log.statuses, ai.unsettled) == (["interrupted"] * 3, 0)


async def test_a_short_deadline_of_the_leader_is_not_the_followers(ai: Ai, hold: asyncio.Event) -> None:
    leader = asyncio.ensure_future(ai.service.process_ai_request(ask(deadline_s=0.2)))
    await eventually(lambda: ai.provider.started == 1)
    follower = asyncio.ensure_future(ai.service.process_ai_request(ask()))
    with pytest.raises(DeadlineExceeded):
        await leader
    await eventually(lambda: ai.provider.started == 2)
    hold.set()
    reply = await follower
    await ai.service.close()
    assert reply.content == "Scripted answer."
    assert sorted(call.outcome for call in ai.log.calls) == ["failed", "ok"]
    assert sum(call.cost or 0 for call in ai.log.calls) == parse_usd(reply.cost or "")
    assert (len(ai.log.calls), ai.unsettled) == (2, 0)


async def test_a_capped_question_waits_for_capped_ones_only(ai: Ai, hold: asyncio.Event) -> None:
    """A capped call may not fall back to another model, and a follower without a cap should not fail for that."""
    asking = [asyncio.ensure_future(ai.service.process_ai_request(ask(max_cost=cap))) for cap in (None, parse_usd("1"))]
    await eventually(lambda: ai.provider.started == 2)
    assert {request.fallback for request in ai.provider.requests} == {True, False}
    hold.set()
    await asyncio.gather(*asking)


async def test_leaving_twice_while_the_call_closes_still_bills_it() -> None:
    closing = asyncio.Event()

    class SlowToClose(ScriptedProvider):
        async def complete(self, request: ChatRequest) -> Completion:
            try:
                return await super().complete(request)
            except asyncio.CancelledError:
                await closing.wait()
                raise

    async with running_ai(SlowToClose(Reply(hold=asyncio.Event()))) as ai:
        asking = asyncio.ensure_future(ai.service.process_ai_request(ask()))
        await eventually(lambda: ai.provider.started == 1)
        for _ in range(2):
            asking.cancel()
            await asyncio.wait({asking}, timeout=0.02)
        closing.set()
        await asyncio.gather(asking, return_exceptions=True)
        await eventually(lambda: ai.log.statuses == ["interrupted"])
        assert [call.outcome for call in ai.log.calls] == ["cancelled"]
        assert ai.unsettled == 0


async def test_two_equal_team_questions_pay_for_each_call_once(ai: Ai, hold: asyncio.Event) -> None:
    asking = [asyncio.ensure_future(ai.service.process_multi_agent_request(ask_team())) for _ in range(2)]
    await eventually(lambda: ai.provider.started == 2 and len(ai.log.turns) == 2)
    hold.set()
    replies = await asyncio.gather(*asking)
    costs = sorted(parse_usd(reply.total_cost or "") for reply in replies)
    assert (costs[0], ai.provider.started) == (0, 3)
    assert costs[1] == sum(call.cost or 0 for call in ai.log.calls)
    assert (len(ai.log.calls), ai.unsettled) == (3, 0)
    [payer] = [outcome for outcome in ai.log.outcomes.values() if outcome.calls]
    assert [call.call for call in payer.calls] == [0, 1, 2]


async def test_agents_that_say_nothing_are_billed_and_merged_to_nothing() -> None:
    async with running_ai(ScriptedProvider(Reply(tokens=(), finish_reason="length"))) as ai:
        reply = await ai.service.process_multi_agent_request(ask_team())
        assert (reply.synthesized_response, reply.agents_used) == ("", ())
        assert [response.status for response in reply.individual_responses] == ["ok", "ok"]
        assert len(ai.log.calls) == 2
        assert ai.log.statuses == ["complete"]


async def test_the_synthesis_names_the_model_that_wrote_it() -> None:
    def script(request: ChatRequest) -> Reply:
        gone = "merge" in request.messages[0].content and request.model == LARGE
        return Reply(error=UpstreamError("no", retryable=True) if gone else None)

    provider = ScriptedProvider(script=script)
    catalogue = with_models("", "")
    around = compose(provider, catalogue, retry=RetryPolicy(attempts=1))
    async with running_ai(provider, around=around, catalogue=catalogue) as ai:
        reply = await ai.service.process_multi_agent_request(ask_team("Design a distributed database, step by step"))
        written_by = next(call.model for call in ai.log.calls if call.purpose == "synthesis")
        assert reply.synthesis_model == written_by


async def test_a_sole_answer_that_was_cut_off_says_so() -> None:
    async with running_ai(ScriptedProvider(Reply(finish_reason="length"))) as ai:
        reply = await ai.service.process_multi_agent_request(ask_team(agents=("dev",)))
        assert reply.finish_reason == "length"


async def test_an_unpriced_model_is_never_free() -> None:
    catalogue = with_models("some-model", "some-model")
    async with running_ai(ScriptedProvider(), catalogue=catalogue) as ai:
        reply = await ai.service.process_ai_request(ask())
        team = await ai.service.process_multi_agent_request(ask_team("hello, all of you"))
        again = await ai.service.process_ai_request(ask())
        quote = await ai.service.estimate(ask("something else"), "multi-agent")
        with pytest.raises(BudgetExceeded):
            await ai.service.process_ai_request(ask(max_cost=parse_usd("1")))
    assert (reply.cost, reply.baseline_cost, team.total_cost, team.baseline_cost) == (None, None, None, None)
    assert {response.cost for response in team.individual_responses} == {None}
    assert again.cache
    assert (again.cost, again.baseline_cost, again.cache.saved) == ("0", None, None)
    assert (quote.cost.low, quote.cost.high) == (None, None)
    assert {call.cost for call in ai.log.calls} == {None}


async def test_no_usage_reported_is_an_estimate_that_says_so() -> None:
    async with running_ai(ScriptedProvider(Reply(usage=None))) as ai:
        reply = await ai.service.process_ai_request(ask())
        [call] = ai.log.calls
        assert reply.usage_estimated
        assert call.estimated
        assert call.cost == ModelCatalogue().for_tier("small").cost(call.usage)
        assert call.usage != TokenUsage()


async def test_the_bill_of_a_failure_is_on_its_receipt() -> None:
    async with running_ai(ScriptedProvider(Reply(error=UpstreamError("no")))) as ai:
        with pytest.raises(UpstreamError):
            await ai.service.process_ai_request(ask())
        [outcome] = ai.log.closes
        assert (outcome.receipt["cost"], outcome.receipt["error"]["code"]) == ("0", "upstream_error")
        assert outcome.response_time_s > 0
