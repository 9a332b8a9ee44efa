"""The labelled examples are enough, diverse and split beforehand; the shipped table is what they give."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from itertools import pairwise

import pytest

from backend.domain.agents import AGENTS_BY_ID
from backend.domain.routing.agent_features import tokens_of
from backend.domain.routing.agent_routing import UNSURE
from router_training.agent_examples import LabelledMessage, checksums, example_files, read_examples
from router_training.agents import EXAMPLES, fit_table, render
from router_training.evaluate_agents import chosen, interval
from router_training.linear_svm import fit_one
from tests.support.routing import AGENT_TABLE, agent_router

LABELS = {*AGENTS_BY_ID, UNSURE}
PROMISED = 0.92
EXCERPT = (
    LabelledMessage("dev", "fix the loop in this function"),
    LabelledMessage("dev", "and in Rust?", ("reverse a string in Go", "for i := range s")),
    LabelledMessage("luna", "which colours for the button", language="en"),
    LabelledMessage("luna", "jaka czcionka na plakat", language="pl"),
    LabelledMessage("unsure", "good morning"),
    LabelledMessage("unsure", "what is the capital of Peru"),
)
EXCERPT_TABLE = "fa6f127013468fba541f97e0c4f412162a62216b3467e4a63d07b5355fb737ab"
"""SHA-256 of the table that the excerpt gives: on another machine, on another day, the same."""
MOST_ALIKE = 0.6
"""Share of the pairs of neighbouring words that two examples may have in common."""


@cache
def messages() -> tuple[LabelledMessage, ...]:
    return tuple(message for message in read_examples(EXAMPLES) if not message.term)


def share(belongs: Callable[[LabelledMessage], bool]) -> float:
    return sum(map(belongs, messages())) / len(messages())


def pairs(message: LabelledMessage) -> frozenset[tuple[str, str]]:
    """Of neighbouring words."""
    return frozenset(pairwise(tokens_of("\n".join((*message.context, message.text)))))


def test_every_agent_has_enough_examples_in_both_languages() -> None:
    counts = Counter(message.label for message in messages())
    assert set(counts) == LABELS
    assert min(counts.values()) >= 150
    polish = Counter(message.label for message in messages() if message.language == "pl")
    assert all(polish[label] >= 0.18 * counts[label] for label in LABELS)
    assert 0.1 < share(lambda message: message.held_out) < 0.3


def test_no_example_stands_twice_and_none_that_is_held_out_resembles_one_for_training() -> None:
    texts = [(message.text, message.context) for message in messages()]
    assert len(texts) == len(set(texts))
    found = [(message, pairs(message)) for message in messages()]
    training: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, (message, own) in enumerate(found):
        if not message.held_out:
            for pair in own:
                training[pair].append(at)
    for message, own in found:
        if message.held_out:
            common = Counter(at for pair in own for at in training[pair])
            alike = [found[at][0].text for at, count in common.items() if count / len(own | found[at][1]) > MOST_ALIKE]
            assert not alike, message.text


def test_the_shipped_table_was_fitted_to_the_examples_as_they_stand() -> None:
    """After a change of the examples: scripts/train_router.py agents."""
    assert json.loads(AGENT_TABLE.read_text(encoding="utf-8"))["examples"] == checksums(example_files(EXAMPLES))


def test_the_same_examples_give_the_same_bytes() -> None:
    table = render(fit_table(EXCERPT, {"excerpt.jsonl": "0"}))
    assert sha256(table.encode()).hexdigest() == EXCERPT_TABLE


def test_the_shipped_router_keeps_its_promise_on_examples_that_it_has_not_seen() -> None:
    router = agent_router()
    held_out = [message for message in messages() if message.held_out]
    right = sum(chosen(router, message) == message.label for message in held_out)
    assert right / len(held_out) >= PROMISED


def test_a_machine_separates_what_can_be_separated_and_finds_the_middle() -> None:
    vectors = [((0,), (1.0,)), ((0,), (-1.0,)), ((0, 1), (1.0, 1.0))]
    first, second = fit_one(vectors, [1, -1, 1], 2, 1e6, 200)
    assert first == pytest.approx(1.0, abs=1e-3)
    assert second == pytest.approx(0.0, abs=1e-3)


def test_an_interval_holds_the_middle_and_narrows_with_more_answers() -> None:
    few, many = ([True, True, True, False] * times for times in (5, 200))
    (low, high), (closer_low, closer_high) = interval(few), interval(many)
    assert low < closer_low < 0.75 < closer_high < high
