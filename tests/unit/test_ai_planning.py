"""Planning, placing, quoting: what is decided before anything is sent."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from backend.domain.conversations import ContextItem, Conversation, Message
from backend.domain.models import ModelCatalogue, with_models
from backend.domain.usage import TokenUsage, UsageRecord, parse_usd
from backend.errors import BudgetExceeded, InvalidInput, NotFound
from backend.services.enhanced_ai_service.members import Member
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Plan, Planner
from backend.services.enhanced_ai_service.threads import Threads
from backend.services.llm.scripted import ScriptedProvider
from backend.services.performance_cache import CachedAnswer
from backend.services.preferences import Preferences
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository
from tests.support.ai import ADA, MemoryMessages, ask, running_ai
from tests.support.routing import agent_router, complexity_router

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def plan(message: str = "hello", items: tuple[ContextItem, ...] = (), *, planner: Planner, **fields: object) -> Plan:
    return planner.plan(ADA, message, items, **fields)  # type: ignore[arg-type]


@pytest.fixture
def planner() -> Planner:
    return Planner(ModelCatalogue(), complexity_router(), agent_router(), max_tokens=4096, context_tokens=16_000)


def test_a_caller_may_ask_for_fewer_tokens_than_the_deployment_allows_never_for_more(planner: Planner) -> None:
    bounds = [plan(planner=planner, max_tokens=wanted).max_tokens for wanted in (None, 10, 1_000_000)]
    assert bounds == [4096, 10, 4096]


def test_prompt_and_answer_fit_into_the_models_window() -> None:
    models = with_models("tiny", "tiny")
    planner = Planner(models, complexity_router(), agent_router(), max_tokens=1_000_000, context_tokens=1_000_000)
    items = tuple(ContextItem("user", "x" * 4_000) for _ in range(40))
    made = plan("y" * 8_000, items, planner=planner)
    assert made.prompt_tokens + made.max_tokens <= made.model.context
    assert made.omitted > 0


def test_a_cap_bounds_the_answer_and_refuses_what_it_cannot_cover(planner: Planner) -> None:
    cap = parse_usd("0.0001")
    made = plan(planner=planner, model=SMALL, max_cost=cap)
    assert made.model.price
    assert made.max_tokens < 4096
    assert (made.cost_of(made.max_tokens) or 0) <= cap < (made.cost_of(made.max_tokens + 1) or 0)
    assert not made.request(0.0).fallback
    with pytest.raises(BudgetExceeded):
        plan(planner=planner, model=SMALL, max_cost=1)


def test_a_cap_on_an_unpriced_model_is_refused(planner: Planner) -> None:
    with pytest.raises(BudgetExceeded):
        plan(planner=planner, model="qwen/qwen3.8-27b", max_cost=parse_usd("1"))


@pytest.mark.parametrize(("model", "code"), [("gpt-9", "unknown_model"), ("mixtral-8x7b-32768", "model_retired")])
def test_only_models_that_serve_are_taken(planner: Planner, model: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(planner=planner, model=model)
    assert refused.value.code == code


def test_whatever_shapes_the_answer_shapes_the_key(planner: Planner) -> None:
    context = (ContextItem("user", "before"),)
    made = [
        plan(planner=planner),
        plan("other", planner=planner),
        plan(items=context, planner=planner),
        plan(planner=planner, agent_type="luna"),
        plan(planner=planner, model=LARGE),
        plan(planner=planner, max_tokens=10),
    ]
    assert len({each.key for each in made}) == len(made)
    assert plan(planner=planner).key == made[0].key
    capped = plan(planner=planner, max_cost=parse_usd("1"))
    assert (capped.key, capped.flight_key == made[0].flight_key) == (made[0].key, False)


def answered(agent: str, text: str) -> Member:
    answer = CachedAnswer(ADA, text, "", "stop", agent, SMALL, TokenUsage(), 0, 0, NOW)
    return Member(agent, status="ok", answer=answer)


def message(some_id: str, role: str, parent: str | None, content: str = "text") -> Message:
    status = "complete" if content else "failed"
    return Message(some_id, "conv", ADA, role, parent, content, status, "dev", "req", NOW)  # type: ignore[arg-type]


@pytest.fixture
def store() -> MemoryMessages:
    """Two questions; the second was answered twice, then failed once."""
    store = MemoryMessages({"conv": Conversation("conv", ADA, "title", "dev", "a2b", 6, NOW, NOW)})
    store.messages = [
        message("q1", "user", None, "one"),
        message("a1", "assistant", "q1", "first"),
        message("q2", "user", "a1", "two"),
        message("a2", "assistant", "q2", "second"),
        message("a2b", "assistant", "q2", ""),
    ]
    return store


@pytest.fixture
def threads(store: MemoryMessages) -> Threads:
    return Threads(
        cast(ConversationRepository, store), cast(MessageRepository, store), cast(Preferences, store.preferences)
    )


async def texts(threads: Threads, **fields: object) -> list[str]:
    return [item.content for item in (await threads.place(ask("next", **fields))).items]


async def test_a_question_continues_from_the_newest_answer_and_leaves_failures_out(threads: Threads) -> None:
    assert await texts(threads, conversation_id="conv") == ["one", "first", "two"]
    thread = await threads.place(ask("next", conversation_id="conv"))
    assert (thread.parent_id, thread.title) == ("a2b", None)


async def test_a_branch_sees_its_own_path_and_then_the_context(threads: Threads) -> None:
    own = (ContextItem("user", "mine"),)
    assert await texts(threads, conversation_id="conv", parent_id="a2") == ["one", "first", "two", "second"]
    assert await texts(threads, conversation_id="conv", parent_id="a1", context=own) == ["one", "first", "mine"]


async def test_a_regeneration_asks_the_stored_question_again(threads: Threads) -> None:
    thread = await threads.place(ask("ignored", conversation_id="conv", regenerate_of="a2"))
    assert (thread.message, thread.user_message_id) == ("two", "q2")
    assert [item.content for item in thread.items] == ["one", "first"]


@pytest.mark.parametrize(
    "fields",
    [
        {"conversation_id": "none"},
        {"conversation_id": "conv", "parent_id": "none"},
        {"conversation_id": "conv", "regenerate_of": "none"},
        {"conversation_id": "conv", "regenerate_of": "q1"},
    ],
)
async def test_what_is_not_there_is_not_found(threads: Threads, fields: dict[str, str]) -> None:
    with pytest.raises(NotFound):
        await threads.place(ask(**fields))


async def test_another_users_conversation_is_not_found(threads: Threads, store: MemoryMessages) -> None:
    store.conversations["conv"] = replace(store.conversations["conv"], user_id="user_bob")
    with pytest.raises(NotFound):
        await threads.place(ask(conversation_id="conv"))


@pytest.mark.parametrize("field", ["parent_id", "regenerate_of"])
async def test_a_message_needs_its_conversation(threads: Threads, field: str) -> None:
    with pytest.raises(InvalidInput):
        await threads.place(ask(**{field: "a1"}))


def record(**fields: object) -> UsageRecord:
    made = UsageRecord(
        0, "dev", SMALL, TokenUsage(10, 0, 100), 1, 1, "v", 2.0, 1.0, outcome="ok", purpose="answer", timestamp=NOW
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def test_pace_moves_towards_what_is_measured() -> None:
    pace = Pace()
    assumed = pace.seconds(SMALL)
    for _ in range(200):
        pace.observe(record())
    assert pace.seconds(SMALL) == pytest.approx(2.0, rel=0.05)
    assert pace.seconds(LARGE) == assumed


@pytest.mark.parametrize("fields", [{"outcome": "failed"}, {"outcome": "cancelled"}, {"usage": TokenUsage(5, 0, 0)}])
def test_pace_learns_from_whole_answers_only(fields: dict[str, object]) -> None:
    pace = Pace()
    before = pace.seconds(SMALL)
    pace.observe(record(**fields))
    assert pace.seconds(SMALL) == before


async def test_a_quote_is_free_where_the_answer_is_known_and_calls_nobody() -> None:
    async with running_ai(ScriptedProvider()) as ai:
        fresh = await ai.service.estimate(ask(), "optimized")
        await ai.service.process_ai_request(ask())
        known = await ai.service.estimate(ask(), "optimized")
        again = await ai.service.estimate(ask(use_cache=False), "optimized")
        assert ai.provider.started == 1
        assert len(ai.log.turns) == 1
    assert (known.cost.low, known.cost.high, known.cache_likelihood, known.expected_seconds) == ("0", "0", 1.0, 0.0)
    for quote in (fresh, again):
        assert quote.cost.low
        assert quote.cost.high
        assert parse_usd(quote.cost.low) < parse_usd(quote.cost.high)
        assert quote.cache_likelihood == 0.0
