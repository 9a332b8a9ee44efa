"""Who gets the large model: by what a question gains, within a share that deployment, user and priority set."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.calibration.ranks import Calibration
from backend.domain.models import TIERS, Tier
from backend.domain.routing.complexity import PRIORITY_RAISE, ComplexityRouter, reasoning_effort
from backend.domain.routing.signals import SIGNALS, signals_of
from tests.support.routing import complexity_model, complexity_router

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
PRIORITIES = tuple(PRIORITY_RAISE)

HARD = "Design a distributed cache and explain why it stays consistent; it must survive a failover."
route = complexity_router().route

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
    assert signal in [shown.reason for shown in signals_of(text.lower())]


@pytest.mark.parametrize(("signal", "text"), [(signal, text) for signal, texts in HIDDEN.items() for text in texts])
def test_what_only_resembles_a_signal_is_none(signal: str, text: str) -> None:
    assert signal not in [shown.reason for shown in signals_of(text.lower())]


def test_every_signal_is_tried_above() -> None:
    assert set(SHOWN) == set(HIDDEN) == {signal.reason for signal in SIGNALS}


def test_no_word_belongs_to_two_signals() -> None:
    words = [word for signal in SIGNALS for word in signal.words.split(", ") if word]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("message", ["hi", "Hello!", "thank you", " ok. ", "Cześć!", "dzięki", "No"])
@pytest.mark.parametrize("priority", PRIORITIES)
def test_a_greeting_needs_no_large_model_whatever_else(message: str, priority: str) -> None:
    complexity = route(message, ["x" * 50_000], priority=priority)
    assert (complexity.score, complexity.tier) == (0.0, "small")


@pytest.mark.parametrize(
    ("message", "tier"),
    [
        ("What is the capital of Peru?", "small"),
        ("Translate 'good morning' into Polish", "small"),
        (HARD, "large"),
        ("Zaprojektuj rozproszoną kolejkę i uzasadnij, dlaczego nic nie ginie.", "large"),
    ],
)
def test_plain_questions_go_to_the_small_model_and_hard_ones_to_the_large(message: str, tier: Tier) -> None:
    assert route(message).tier == tier


@given(MESSAGES, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_gets_a_smaller_model(message: str, one: float, other: float) -> None:
    low, high = (route(message, large_share=share) for share in sorted((one, other)))
    assert TIERS.index(low.tier) <= TIERS.index(high.tier)
    assert low.score == high.score


@given(MESSAGES)
def test_priority_raises_the_tier_and_leaves_the_score(message: str) -> None:
    routed = [route(message, priority=priority) for priority in PRIORITIES]
    ranks = [TIERS.index(complexity.tier) for complexity in routed]
    assert ranks == sorted(ranks)
    assert len({complexity.score for complexity in routed}) == 1


def test_a_tier_that_priority_decided_says_so() -> None:
    message = "stakeholder analysis for a wind park near a village"
    assert route(message).tier == "small"
    premium = route(message, priority="premium")
    assert (premium.tier, premium.reasons[0]) == ("large", "premium priority")
    assert "premium priority" not in route("hello", priority="premium").reasons


@pytest.mark.parametrize("priority", PRIORITIES)
def test_a_share_of_nothing_sends_nothing_and_of_all_all(priority: str) -> None:
    assert route(HARD, large_share=0, priority=priority).tier == "small"
    assert route("What is tea?", large_share=1, priority=priority).tier == "large"


def test_what_own_traffic_taught_decides_and_leaves_the_score() -> None:
    flat = Calibration(1, {"*": (0.0, 0.0)})
    taught = ComplexityRouter(complexity_model(), large_share=0.2, calibration=lambda: flat)
    assert (taught.route(HARD).tier, taught.route(HARD).score) == ("small", route(HARD).score)


def test_a_short_follow_up_is_read_with_the_question_before_it() -> None:
    after = route("and with two regions?", [HARD, "First, ..."])
    assert after.score > route("and with two regions?").score
    assert after.score > route("and with two regions?", ["What is tea?", "A drink."]).score


def test_questions_of_a_measured_domain_say_what_was_measured() -> None:
    complexity = route(
        "A landlord sues the tenant for breach of the lease; the court must decide whether the defendant is liable "
        "for negligence under the statute, and whether the plaintiff may recover damages."
    )
    assert complexity.domain == "law"
    assert any("about law, where the large model was right on" in reason for reason in complexity.reasons)


@given(MESSAGES, st.lists(st.text(max_size=50), max_size=3))
def test_scores_stay_within_bounds_and_never_lack_a_reason(message: str, context: list[str]) -> None:
    complexity = route(message, context, priority="premium")
    assert 0 <= complexity.score <= 1
    assert complexity.reasons
    assert complexity.tier in TIERS


def test_the_case_of_a_message_changes_nothing() -> None:
    message = "Explain why the function must return x = 3 and Udowodnij"
    assert route(message.upper()) == route(message.lower())


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_larger_gain_never_scores_lower(one: float, other: float) -> None:
    low, high = (complexity_model().score_of(gain) for gain in sorted((one, other)))
    assert 0 <= low <= high <= 1


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
    route(message)
    assert time.thread_time() - started < 0.02
