"""Every look-up of an answer is counted once, with where the answer came from and what that saved."""

import asyncio
from collections import Counter

import pytest

from backend.domain.usage import parse_usd
from backend.errors import UpstreamError
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.support.ai import Ai, ask, ask_team, running_ai
from tests.support.waiting import eventually


def layers(ai: Ai) -> Counter[str | None]:
    return Counter(layer for layer, _ in ai.monitor.lookups)


async def test_a_reused_answer_saves_what_it_had_cost() -> None:
    async with running_ai(ScriptedProvider()) as ai:
        first = await ai.service.process_ai_request(ask())
        await ai.service.process_ai_request(ask())
        assert ai.monitor.lookups == [(None, None), ("l1", parse_usd(first.cost or ""))]


async def test_a_shared_call_is_a_hit_of_its_followers() -> None:
    hold = asyncio.Event()
    async with running_ai(ScriptedProvider(Reply(hold=hold))) as ai:
        asking = [asyncio.ensure_future(ai.service.process_ai_request(ask())) for _ in range(3)]
        await eventually(lambda: ai.provider.started == 1 and len(ai.log.turns) == 3)
        hold.set()
        costs = sorted(parse_usd(reply.cost or "") for reply in await asyncio.gather(*asking))
        assert layers(ai) == {"coalesced": 2, None: 1}
        assert {saved for layer, saved in ai.monitor.lookups if layer} == {costs[-1]}


@pytest.mark.parametrize(("use_cache", "counted"), [(True, [(None, None)]), (False, [])])
async def test_a_failure_was_looked_up_as_well_and_who_asks_afresh_looks_nothing_up(
    use_cache: bool, counted: list[tuple[None, None]]
) -> None:
    async with running_ai(ScriptedProvider(Reply(error=UpstreamError("no")))) as ai:
        with pytest.raises(UpstreamError):
            await ai.service.process_ai_request(ask(use_cache=use_cache))
        assert ai.monitor.lookups == counted


async def test_a_teams_answers_are_looked_up_one_by_one() -> None:
    async with running_ai(ScriptedProvider()) as ai:
        for _ in range(2):
            await ai.service.process_multi_agent_request(ask_team())
        assert layers(ai) == {None: 3, "l1": 3}
