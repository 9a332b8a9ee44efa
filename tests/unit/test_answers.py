import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.conversations import ContextItem
from backend.domain.usage import TokenUsage
from backend.services.performance_cache.answers import (
    CachedAnswer,
    NotTheOwners,
    answer_key,
    hash_context,
    seal,
    unseal,
)

INPUTS = {
    "user_id": "user_1",
    "agent": "dev",
    "prompt_version": "v1",
    "model": "m",
    "sampling": {"temperature": 0.2, "max_tokens": 10},
    "instructions": "Be brief.",
    "message": "hello",
    "context_hash": "c",
}
text = st.text(max_size=20)
amounts = st.none() | st.integers(0, 10**15)
answers = st.builds(
    CachedAnswer,
    user_id=text,
    content=st.text(),
    reasoning=st.none() | text,
    finish_reason=text,
    agent=text,
    model=text,
    usage=st.builds(TokenUsage, *[st.integers(0, 10**6)] * 4),
    cost=amounts,
    baseline=amounts,
    created_at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


@given(answers)
def test_an_answer_survives_its_encoding(answer: CachedAnswer) -> None:
    assert CachedAnswer.decode(answer.encode()) == answer


@pytest.mark.parametrize("field", INPUTS)
def test_every_input_shapes_the_key(field: str) -> None:
    other = {"temperature": 0.3} if field == "sampling" else f"{INPUTS[field]}!"
    assert answer_key(**INPUTS) != answer_key(**{**INPUTS, field: other})  # type: ignore[arg-type]


def test_text_that_moves_between_fields_changes_the_key() -> None:
    assert answer_key(**{**INPUTS, "agent": "de", "prompt_version": "vv1"}) != answer_key(**INPUTS)  # type: ignore[arg-type]


def test_the_order_of_sampling_parameters_does_not_matter() -> None:
    turned = {"max_tokens": 10, "temperature": 0.2}
    assert answer_key(**{**INPUTS, "sampling": turned}) == answer_key(**INPUTS)  # type: ignore[arg-type]


def test_the_key_is_the_same_in_every_process() -> None:
    code = f"from backend.services.performance_cache import answer_key; print(answer_key(**{INPUTS!r}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == answer_key(**INPUTS)  # type: ignore[arg-type]


contexts = st.lists(st.builds(ContextItem, st.sampled_from(["user", "assistant"]), text), max_size=4)


@given(contexts, contexts)
def test_two_contexts_share_a_hash_only_where_they_are_equal(one: list[ContextItem], other: list[ContextItem]) -> None:
    assert (hash_context(one) == hash_context(other)) == (one == other)


@given(text, text, st.binary(), text, text)
def test_only_owner_and_key_open_a_seal(owner: str, key: str, body: bytes, reader: str, other_key: str) -> None:
    payload = seal(owner, key, body)
    if (reader, other_key) == (owner, key):
        assert unseal(reader, other_key, payload) == body
    else:
        with pytest.raises(NotTheOwners):
            unseal(reader, other_key, payload)
