"""The labelled examples are enough, diverse and split beforehand; the shipped table is what they give."""

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from backend.domain.agent_routing import UNSURE
from backend.domain.agents import AGENTS_BY_ID
from router_training.agent_examples import LabelledMessage, checksums, example_files, read_examples
from router_training.agents import EXAMPLES, fit_table, render
from router_training.evaluate_agents import chosen, interval
from router_training.linear_svm import fit_one
from tests.support.routing import AGENT_TABLE, agent_router

LABELS = {*AGENTS_BY_ID, UNSURE}
PROMISED = 0.92
MOST_ALIKE = 0.6
"""Share of the three-letter sequences that two examples may have in common."""
PIECE = 3
SENTENCE_CHARACTERS = 20
"""Shorter ones are single words, of which forms may resemble each other."""


@cache
def messages() -> tuple[LabelledMessage, ...]:
    return tuple(message for message in read_examples(EXAMPLES) if not message.term)


def share(belongs: Callable[[LabelledMessage], bool]) -> float:
    return sum(map(belongs, messages())) / len(messages())


def pieces(text: str) -> frozenset[str]:
    plain = " ".join(text.lower().split())
    return frozenset(plain[at : at + PIECE] for at in range(max(len(plain) - PIECE + 1, 1)))


def test_every_agent_has_enough_examples_in_both_languages() -> None:
    counts = Counter(message.label for message in messages())
    assert set(counts) == LABELS
    assert min(counts.values()) >= 150
    polish = Counter(message.label for message in messages() if message.language == "pl")
    assert all(polish[label] >= 0.2 * counts[label] for label in LABELS)
    assert 0.1 < share(lambda message: message.held_out) < 0.3


def test_no_example_stands_twice_and_none_that_is_held_out_resembles_one_for_training() -> None:
    found = [(message, pieces(message.text + "".join(message.context))) for message in messages()]
    by_piece: dict[str, list[int]] = {}
    for at, (_, own) in enumerate(found):
        for piece in own:
            by_piece.setdefault(piece, []).append(at)
    for message, own in found:
        if message.held_out and len(message.text) >= SENTENCE_CHARACTERS:
            common = Counter(at for piece in own for at in by_piece[piece])
            alike = [at for at, count in common.items() if count / len(own | found[at][1]) > MOST_ALIKE]
            assert {found[at][0].text for at in alike} == {message.text}
    texts = [(message.text, message.context) for message in messages()]
    assert len(texts) == len(set(texts))


def test_the_shipped_table_is_bit_for_bit_what_the_examples_give() -> None:
    training = [message for message in read_examples(EXAMPLES) if not message.held_out]
    assert render(fit_table(training, checksums(example_files(EXAMPLES)))) == AGENT_TABLE.read_text(encoding="utf-8")


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
