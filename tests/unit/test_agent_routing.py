"""Who answers, and why: the words that decided are in the reason, and a sixth agent is one more row."""

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.agent_routing import AgentRouter, fields_of, route_agent
from backend.domain.agents import AGENTS, AGENTS_BY_ID, DEFAULT_AGENT, Agent
from backend.domain.vocabulary import Vocabulary

TERMS = sorted({term for agent in AGENTS for term in agent.terms})
GLUE = st.sampled_from([" ", "s ", "ing ", "-", ", ", "\n", "", "_", "'s ", "?"])
TEXTS = st.lists(
    st.tuples(st.sampled_from(TERMS) | st.sampled_from(["the", "of", "x", "Ł", "3"]), GLUE, st.booleans()), max_size=20
).map(lambda parts: "".join((word.upper() if loud else word) + glue for word, glue, loud in parts))

CARTOGRAPHER = Agent(
    "mira",
    "Mira",
    "Cartographer",
    "Draws maps.",
    "You are Mira, a cartographer.",
    0.4,
    "small",
    {2.5: "map projection, longitude", 1.5: "map, test"},
)


@pytest.mark.parametrize(
    ("message", "agent", "words"),
    [
        ("Refactor this Python function so that the exception is handled", "dev", ["python", "function"]),
        ("Draw a wireframe of the landing page with better typography", "luna", ["wireframe", "typography"]),
        ("Which sharding suits a distributed queue on Kubernetes?", "atlas", ["sharding", "kubernetes"]),
        ("Write pytest cases for the edge cases of a date parser", "quinn", ["pytest", "edge case"]),
        ("Prepare the sprint retrospective and the roadmap for stakeholders", "sage", ["roadmap", "stakeholder"]),
        ("We are scaling out; which capacity do we need?", "atlas", ["scaling", "capacity"]),
    ],
)
def test_the_field_decides_and_the_reason_names_its_words(message: str, agent: str, words: list[str]) -> None:
    choice = route_agent(message)
    assert choice.agent.id == agent
    assert choice.agent.role in choice.reasons[0]
    assert all(word in choice.reasons[0] for word in words)


@given(TEXTS)
def test_every_word_of_a_reason_is_the_agent_s_own_and_in_the_message(message: str) -> None:
    choice = route_agent(message)
    spoken = re.search(r"the message speaks of (.+?)(?: and it contains code)?$", choice.reasons[0])
    for word in spoken[1].split(", ") if spoken else []:
        assert word in choice.agent.terms
        assert word in message.lower()


@pytest.mark.parametrize("message", ["Good morning!", "What is the capital of Peru?", "", "..."])
def test_the_default_agent_answers_where_no_field_stands_out_and_says_so(message: str) -> None:
    choice = route_agent(message)
    assert choice.agent is AGENTS_BY_ID[DEFAULT_AGENT]
    assert "by default" in choice.reasons[0]


@pytest.mark.parametrize(
    "message",
    [
        "What is wrong?\n```\nx = y +\n```",
        "Traceback (most recent call last): ...",
        "def f(a): return a",
        "(a) => { }",
        "int i = 0;\nwhat now",
        "<b>bold</b>",
        "SELECT a, b FROM t",
    ],
)
def test_code_goes_to_the_developer(message: str) -> None:
    choice = route_agent(message)
    assert choice.agent.id == "dev"
    assert "it contains code" in choice.reasons[0]


@pytest.mark.parametrize(
    "message", ["a < b and b > c", "default (of) all", "SELECTED\nFROM", "SELECT\nx FROM y", "a ; b"]
)
def test_what_only_resembles_code_is_none(message: str) -> None:
    assert "code" not in route_agent(message).reasons[0]


def test_short_terms_are_whole_words_and_long_ones_are_stems() -> None:
    assert "by default" in route_agent("The guild built a suite of quiet equality").reasons[0]
    assert route_agent("Compare these APIs").agent.id == "dev"
    assert route_agent("Is it refactorable?").agent.id == "dev"


def test_the_conversation_so_far_tips_a_message_without_a_field_of_its_own() -> None:
    context = ["Which sharding suits a distributed Kafka on Kubernetes?", "Use a failover replica."]
    choice = route_agent("And what else?", context)
    assert choice.agent.id == "atlas"
    assert "conversation so far" in choice.reasons[0]
    assert route_agent("Fix this Python function", context).agent.id == "dev"


def test_only_the_latest_of_the_conversation_counts() -> None:
    context = ["Kubernetes sharding, distributed Kafka and failover", "Yes.", "No."]
    assert route_agent("And what else?", context).agent.id == DEFAULT_AGENT


def test_fields_are_listed_in_the_roster_s_order_where_they_are_clear() -> None:
    message = "Plan the roadmap and milestones, sketch a wireframe and write the Python function"
    assert [agent.id for agent in fields_of(message)] == ["dev", "luna", "sage"]
    assert fields_of("Good morning") == []


def test_a_sixth_agent_is_one_more_row() -> None:
    router = AgentRouter((*AGENTS, CARTOGRAPHER))
    choice = router.route("Which map projection keeps the longitude straight?")
    assert choice.agent is CARTOGRAPHER
    assert "longitude, map projection" in choice.reasons[0]
    assert router.fields_of("map projection") == [CARTOGRAPHER]
    assert router.route("Refactor this Python function").agent.id == "dev"


def test_a_term_may_belong_to_several_agents() -> None:
    ids = [agent.id for agent in AgentRouter((*AGENTS, CARTOGRAPHER)).fields_of("test the map, test the coverage")]
    assert ids == ["quinn", "mira"]


def test_where_two_are_equal_the_roster_s_order_decides() -> None:
    first, second = (
        Agent(name, name, "Twin", "A twin.", f"You are {name}.", 0.1, "small", {2.0: "echo"}) for name in "ab"
    )
    assert AgentRouter((first, second), default="b").route("echo").agent is first
    assert AgentRouter((second, first), default="b").route("echo").agent is second


def plain_find(terms: Sequence[str], text: str) -> set[str]:
    """One agent's terms by one plain alternation, the longest first: what the combined pattern has to equal."""
    ordered = sorted(terms, key=len, reverse=True)
    alternatives = (re.escape(term) + (r"(?=s?(?!\w))" if len(term) <= 4 else "") for term in ordered)
    return set(re.findall(r"(?<!\w)(?:" + "|".join(alternatives) + ")", text.lower()))


@given(TEXTS)
def test_finding_all_agents_terms_at_once_equals_finding_each_agent_s_alone(text: str) -> None:
    found = Vocabulary([agent.terms for agent in AGENTS]).find(text)
    for agent, terms in zip(AGENTS, found, strict=True):
        assert set(terms) == plain_find(list(agent.terms), text)
        assert all(agent.terms[term] == weight for term, weight in terms.items())


def test_a_term_inside_a_longer_one_counts_for_others_but_not_twice_for_the_same_agent() -> None:
    system, design = Vocabulary([{"system design": 3.0, "system": 1.0}, {"design": 2.0, "system": 0.5}]).find(
        "System designs"
    )
    assert system == {"system design": 3.0}
    assert design == {"system": 0.5, "design": 2.0}


def test_no_vocabulary_finds_nothing() -> None:
    assert Vocabulary([{}, {}]).find("anything") == [{}, {}]


@pytest.mark.parametrize("message", ["SELECT " * 5_000, "; " * 16_000, "</a" * 10_000, "\n" * 32_000, "def a " * 5_000])
def test_no_message_takes_long(message: str) -> None:
    started = time.thread_time()
    route_agent(message, [message, message])
    assert time.thread_time() - started < 0.02


def test_an_ordinary_message_is_routed_well_within_a_millisecond() -> None:
    message = "Plan the roadmap, sketch the landing page and write the Python function with its unit tests. " * 6
    rounds = 50
    started = time.thread_time()
    for _ in range(rounds):
        route_agent(message)
    assert (time.thread_time() - started) / rounds < 0.0005
