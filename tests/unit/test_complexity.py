"""More to do never scores lower, a higher priority never gets a smaller model, and every reason is said."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.complexity import PRIORITY_SHIFT, SIGNALS, reasoning_effort, score_complexity
from backend.domain.models import TIERS, Tier

PIECES = [
    "Why is that?",
    "Design a distributed system.",
    "It must take at least 3 steps.",
    "What is x = 3?",
    "```\npass\n```",
    "- first\n- second",
    "Tell me more about the weather in general and about the sea in particular.",
    "thanks",
    "hello",
]
MESSAGES = st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=12).map("\n".join)
PRIORITIES = tuple(PRIORITY_SHIFT)

SHOWN = {
    "asks for reasoning": ["Why?", "prove it", "Explain how it works", "Analyze that", "the trade-offs", "Dlaczego"],
    "asks for a design": ["the architecture", "Design a kettle", "Is it scalable", "migrations", "concurrency"],
    "contains mathematics": ["x = 3", "2 * 4", "≥ 10", r"\frac", "an equation", "The probability"],
    "contains code": ["```", "def run(", "class Car:", "a function", "Traceback", "#include <a>", "SELECT a FROM b"],
    "names several requirements": ["- one", "1. one", "all of:\n  * a\n  * b", "2) two"],
    "asks several questions": ["Who? When?", "??", "who?\nwhen?"],
    "sets constraints": ["You must", "at most two", "only this", "requires care", "Dokładnie"],
}
HIDDEN = {
    "asks for reasoning": ["reasonable", "whyever", "comparable"],
    "asks for a design": ["design any", "scaled", "immigration"],
    "contains mathematics": ["x = y", "well-known", "2 apples"],
    "contains code": ["undef x(", "classy", "functional", "class - a"],
    "names several requirements": ["a - b", "-b", "1.5 apples", "-"],
    "asks several questions": ["Who?", "!"],
    "sets constraints": ["mustard", "at", "commonly"],
}


@pytest.mark.parametrize(("signal", "text"), [(signal, text) for signal, texts in SHOWN.items() for text in texts])
def test_a_signal_is_noticed_and_named(signal: str, text: str) -> None:
    assert signal in score_complexity(text).reasons


@pytest.mark.parametrize(("signal", "text"), [(signal, text) for signal, texts in HIDDEN.items() for text in texts])
def test_what_only_resembles_a_signal_is_none(signal: str, text: str) -> None:
    assert signal not in score_complexity(text).reasons


def test_every_signal_is_tried_above() -> None:
    assert set(SHOWN) == set(HIDDEN) == {signal.reason for signal in SIGNALS}


def test_no_word_belongs_to_two_signals() -> None:
    words = [word for signal in SIGNALS for word in signal.words.split(", ") if word]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("message", ["hi", "Hello!", "thank you", " ok. ", "Cześć!", "dzięki", "No"])
@pytest.mark.parametrize("priority", PRIORITIES)
def test_a_greeting_needs_no_large_model_whatever_else(message: str, priority: str) -> None:
    complexity = score_complexity(message, ["x" * 50_000], preferred="large", priority=priority)
    assert (complexity.score, complexity.tier) == (0.0, "small")


@pytest.mark.parametrize(
    ("message", "tier"),
    [
        ("What is the capital of Peru?", "small"),
        ("Translate 'good morning' into Polish", "small"),
        ("Design a distributed cache and explain why it stays consistent; it must survive a failover.", "large"),
        ("Prove that the sum of two odd numbers is even. Which numbers n = 2k+1 must be checked?", "large"),
    ],
)
def test_plain_questions_go_to_the_small_model_and_hard_ones_to_the_large(message: str, tier: Tier) -> None:
    assert score_complexity(message).tier == tier


@given(MESSAGES, MESSAGES)
def test_saying_more_never_lowers_the_score(message: str, more: str) -> None:
    assert score_complexity(f"{message}\n{more}").score >= score_complexity(message).score


@given(MESSAGES, st.lists(st.text(max_size=200), max_size=5), st.text(max_size=200))
def test_a_longer_conversation_never_lowers_the_score(message: str, context: list[str], more: str) -> None:
    assert score_complexity(message, [*context, more]).score >= score_complexity(message, context).score


@given(MESSAGES, st.sampled_from(TIERS))
def test_priority_raises_the_tier_and_leaves_the_score(message: str, preferred: Tier) -> None:
    scored = [score_complexity(message, preferred=preferred, priority=priority) for priority in PRIORITIES]
    ranks = [TIERS.index(complexity.tier) for complexity in scored]
    assert ranks == sorted(ranks)
    assert len({complexity.score for complexity in scored}) == 1


def test_a_tier_that_priority_decided_says_so() -> None:
    message = "Compare tea and coffee."
    assert score_complexity(message).tier == "small"
    high = score_complexity(message, priority="high")
    assert (high.tier, high.reasons[0]) == ("large", "high priority")
    assert "premium priority" not in score_complexity("What is tea?", priority="premium").reasons


@given(MESSAGES)
def test_an_agent_for_hard_problems_never_gets_a_smaller_model(message: str) -> None:
    small, large = (score_complexity(message, preferred=tier) for tier in TIERS)
    assert TIERS.index(large.tier) >= TIERS.index(small.tier)


@given(MESSAGES, st.lists(st.text(max_size=50), max_size=3))
def test_scores_stay_within_bounds_and_never_lack_a_reason(message: str, context: list[str]) -> None:
    complexity = score_complexity(message, context, priority="premium")
    assert 0 <= complexity.score <= 1
    assert complexity.reasons
    assert complexity.tier in TIERS


def test_reasons_come_with_the_weightiest_first() -> None:
    reasons = score_complexity("Design a shop. Why? Must it?").reasons
    assert reasons == ("asks for a design", "asks for reasoning", "sets constraints", "asks several questions")


def test_the_case_of_a_message_changes_nothing() -> None:
    message = "Explain why the function must return x = 3 and Udowodnij"
    assert score_complexity(message.upper()) == score_complexity(message.lower())


@given(st.floats(0, 1), st.floats(0, 1))
def test_effort_follows_complexity(one: float, other: float) -> None:
    efforts = ("low", "medium", "high")
    low, high = (efforts.index(reasoning_effort(score, efforts) or "") for score in sorted((one, other)))
    assert low <= high


def test_a_model_without_efforts_is_sent_none() -> None:
    assert reasoning_effort(0.9, ()) is None


@pytest.mark.parametrize(
    "message",
    [
        "a" + "\n" * 30_000 + "b",
        "-\n" + "\n" * 30_000,
        ("\t" * 100 + "\n") * 300,
        "= " + " " * 30_000,
        "1 " * 16_000,
        "class " * 5_000,
        "def a " * 5_000,
        "?" * 30_000,
        "design " * 4_000,
        "hi" + "!" * 30_000 + "x",
    ],
    ids=range(10),
)
def test_no_message_takes_long(message: str) -> None:
    """Blank lines once took 1.6 s, in which the worker served nobody else."""
    started = time.thread_time()
    score_complexity(message)
    assert time.thread_time() - started < 0.02


def test_an_ordinary_message_is_scored_well_within_a_millisecond() -> None:
    message = "Compare the two designs, and explain why the second must cost at least 3 times as much. " * 6
    rounds = 50
    started = time.thread_time()
    for _ in range(rounds):
        score_complexity(message)
    assert (time.thread_time() - started) / rounds < 0.0005
