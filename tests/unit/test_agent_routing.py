"""Who answers, and why: the words that decided are in the reason, and what belongs to nobody says so."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from backend.config import Settings
from backend.domain.agents import AGENTS, AGENTS_BY_ID, DEFAULT_AGENT, Agent
from backend.domain.routing.agent_features import HEAD_CHARACTERS, TAIL_CHARACTERS
from backend.domain.routing.agent_routing import AgentRouter, AgentTable, parse_agent_table
from backend.domain.routing.text_classifier import TextClassifier, pack_rows
from backend.wiring.routing import agent_router_of
from router_training.agents import render
from tests.support.routing import AGENT_TABLE, agent_router, agent_table

CARTOGRAPHER = Agent("mira", "Mira", "Cartographer", "Draws maps.", "You are Mira, a cartographer.", 0.4, "small")
SPOKEN = re.compile(r"the message speaks of (.+?)(?: and it contains code)?$")
WORDS = st.sampled_from(["python", "Kubernetes", "wireframe", "test", "błąd", "x", "3.5", "```", "def f(", "\n"])
TEXTS = st.text(max_size=60) | st.lists(WORDS, max_size=20).map(" ".join)


@pytest.fixture
def router() -> AgentRouter:
    return agent_router()


@pytest.mark.parametrize(
    ("message", "agent", "words"),
    [
        ("Refactor this Python function so that the exception is handled", "dev", ["python"]),
        ("Draw a wireframe of the landing page with better typography", "luna", ["wireframe", "typography"]),
        ("Which sharding suits a distributed queue on Kubernetes?", "atlas", ["sharding", "kubernetes"]),
        ("Write pytest cases for the edge cases of a date parser", "quinn", ["pytest"]),
        ("Prepare the sprint retrospective and the roadmap for stakeholders", "sage", ["roadmap", "stakeholders"]),
        ("napisz zapytanie sql które usunie zduplikowane wiersze", "dev", ["sql"]),
        ("Zaproponuj mikroserwisy i replikację bazy między regionami", "atlas", ["mikroserwisy"]),
    ],
)
def test_the_field_decides_and_the_reason_names_its_words(
    router: AgentRouter, message: str, agent: str, words: list[str]
) -> None:
    choice = router.route(message)
    assert (choice.agent.id, choice.sure) == (agent, True)
    assert choice.agent.role in choice.reasons[0]
    assert all(word in choice.reasons[0] for word in words)


@pytest.mark.parametrize("message", ["Good morning!", "What is the capital of Peru?", "", "...", "qqq zzz"])
@pytest.mark.parametrize("default", [DEFAULT_AGENT, "luna"])
def test_the_default_agent_answers_where_no_field_stands_out_and_says_so(message: str, default: str) -> None:
    choice = agent_router(default).route(message)
    assert (choice.agent, choice.sure) == (AGENTS_BY_ID[default], False)
    assert f"{choice.agent.name} answers by default" in choice.reasons[0]


@pytest.mark.parametrize("message", ["It fails:\n```\nx = f(y) +\n```", "def f(a): return a", "SELECT a, b FROM t"])
def test_code_goes_to_the_developer(router: AgentRouter, message: str) -> None:
    choice = router.route(message)
    assert choice.agent.id == "dev"
    assert "it contains code" in choice.reasons[0]


@pytest.mark.parametrize(
    "message", ["a < b and b > c", "default (of) all", "SELECTED\nFROM", "SELECT\nx FROM y", "a ; b"]
)
def test_what_only_resembles_code_is_none(router: AgentRouter, message: str) -> None:
    assert "code" not in router.route(message).reasons[0]


def test_the_conversation_so_far_tips_a_message_without_a_field_of_its_own(router: AgentRouter) -> None:
    context = ["Which sharding suits a distributed Kafka on Kubernetes?", "Use a failover replica in another region."]
    choice = router.route("And what else?", context)
    assert choice.agent.id == "atlas"
    assert "conversation so far" in choice.reasons[0]
    assert router.route("Why does this Python function raise a KeyError?", context).agent.id == "dev"


def test_only_the_latest_of_the_conversation_counts(router: AgentRouter) -> None:
    context = ["Kubernetes sharding, distributed Kafka and failover", "Hello!", "Good morning!"]
    assert not router.route("And what else?", context).sure


def test_polish_without_its_diacritics_is_understood_and_the_reason_quotes_what_was_written(
    router: AgentRouter,
) -> None:
    for message in ("popraw błąd kompilacji, pętla się nie kończy", "popraw blad kompilacji, petla sie nie konczy"):
        choice = router.route(message)
        assert choice.agent.id == "dev"
        assert message.split()[2].rstrip(",") in choice.reasons[0]


def test_probabilities_leave_room_for_nobody(router: AgentRouter) -> None:
    clear, unclear = router.scores("Refactor this Python function"), router.scores("Good morning!")
    assert set(clear) == set(AGENTS_BY_ID)
    assert clear["dev"] > 0.5 > sum(unclear.values())


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_any_text_has_an_answer_always_the_same_with_words_of_its_own(message: str, context: list[str]) -> None:
    router = agent_router()
    choice = router.route(message, context)
    assert choice == router.route(message, context)
    assert 0 < sum(router.scores(message, context).values()) < 1 + 1e-9
    spoken = SPOKEN.search(choice.reasons[0])
    for word in spoken[1].split(", ") if spoken else []:
        assert word in message.lower()


def test_what_stands_in_the_middle_of_a_long_message_is_not_read(router: AgentRouter) -> None:
    head, tail = "x" * HEAD_CHARACTERS, "y" * TAIL_CHARACTERS
    short, long = (head + middle + tail for middle in ("python " * 2, "wireframe " * 3_000))
    assert router.scores(short) == router.scores(long)


def test_an_agent_without_examples_is_named_and_never_chosen() -> None:
    router = AgentRouter(agent_table(), (*AGENTS, CARTOGRAPHER))
    assert router.untrained == ("mira",)
    assert router.route("Draw a map of the coast, cartographer Mira").agent is not CARTOGRAPHER
    assert "mira" not in router.scores("Draw a map")


def test_start_up_says_which_agents_nobody_is_routed_to_and_refuses_a_default_that_is_none() -> None:
    with capture_logs() as logs:
        agent_router_of(Settings(default_agent="luna"), (*AGENTS, CARTOGRAPHER))
    assert [(line["event"], line["agent"]) for line in logs] == [("agent_not_trained", "mira")]
    with pytest.raises(ValueError, match="expected one of dev, luna"):
        Settings(default_agent="mira")


def test_an_agent_that_left_the_roster_is_not_chosen() -> None:
    others = tuple(agent for agent in AGENTS if agent.id != "dev")
    router = AgentRouter(agent_table(), others)
    assert router.untrained == ()
    assert router.route("Refactor this Python function").agent in others


def test_where_two_are_equal_the_order_of_the_table_decides() -> None:
    rows = pack_rows([("echo", (100, 9, 9, -9))])
    table = AgentTable(TextClassifier(("dev", "luna", "unsure"), rows, 0.01, (0.0, 0.0, 0.0)), 0.4)
    assert AgentRouter(table).route("echo").agent.id == "dev"


def test_a_table_of_another_format_is_refused() -> None:
    table = json.loads(AGENT_TABLE.read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="format"):
        parse_agent_table(render({**table, "format": 0}).splitlines(keepends=True))
