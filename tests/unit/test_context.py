"""What a model sees of a conversation: within the budget, the newest of it, with a prefix that rarely changes."""

from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from backend.domain.context import STEPS_PER_WINDOW, FittedContext, estimate_tokens, fit_context
from backend.domain.conversations import ContextItem

SIZES = st.lists(st.integers(0, 400), max_size=60)
BUDGET = st.integers(0, 2_000)


def conversation(sizes: list[int]) -> list[ContextItem]:
    """Messages of these many bytes, each distinct where it is long enough."""
    return [
        ContextItem("assistant" if row % 2 else "user", f"{row} ".ljust(size, "x")[:size])
        for row, size in enumerate(sizes)
    ]


def fit(sizes: list[int], budget: int) -> FittedContext:
    return fit_context(conversation(sizes), budget)


@given(SIZES, BUDGET)
def test_the_budget_is_never_exceeded_and_what_is_left_out_is_counted(sizes: list[int], budget: int) -> None:
    items = conversation(sizes)
    fitted = fit_context(items, budget)
    assert fitted.tokens <= budget
    assert fitted.tokens == sum(estimate_tokens(item.content) for item in fitted.items)
    assert fitted.omitted + len(fitted.items) == len(items)


@given(SIZES, BUDGET)
def test_the_oldest_go_first_and_the_rest_keeps_its_order(sizes: list[int], budget: int) -> None:
    items = conversation(sizes)
    fitted = fit_context(items, budget)
    assert list(fitted.items) == items[fitted.omitted :]


@given(SIZES, BUDGET)
def test_what_fits_is_sent_whole(sizes: list[int], budget: int) -> None:
    items = conversation(sizes)
    assume(sum(estimate_tokens(item.content) for item in items) <= budget)
    assert fit_context(items, budget).omitted == 0


@given(SIZES.filter(bool), BUDGET)
def test_the_newest_message_is_sent_whenever_it_fits(sizes: list[int], budget: int) -> None:
    items = conversation(sizes)
    assert bool(fit_context(items, budget).items) == (estimate_tokens(items[-1].content) <= budget)


@given(SIZES, st.integers(200, 2_000))
def test_no_more_is_left_out_than_a_step_and_a_message(sizes: list[int], budget: int) -> None:
    fitted = fit(sizes, budget)
    largest = max((estimate_tokens("x" * size) for size in sizes), default=0)
    assert not fitted.omitted or fitted.tokens > budget - budget // STEPS_PER_WINDOW - largest - STEPS_PER_WINDOW


@given(st.integers(1, 60), st.integers(0, 90), st.integers(400, 2_000))
def test_the_window_moves_in_steps_and_between_them_the_prefix_stays(count: int, size: int, budget: int) -> None:
    items = conversation([size] * (count + 40))
    windows = [fit_context(items[: count + more], budget) for more in range(40)]
    starts = [window.omitted for window in windows]
    assert starts == sorted(starts)
    steps = sum(one != other for one, other in pairwise(starts))
    tokens = estimate_tokens("x" * size)
    assert steps <= 40 * tokens / (budget // STEPS_PER_WINDOW) + 1
    for before, after in pairwise(windows):
        if before.omitted == after.omitted:
            assert after.items[: len(before.items)] == before.items


def test_one_long_message_does_not_take_the_answer_after_it_along() -> None:
    fitted = fit([40_000, 200, 200], 1_000)
    assert (fitted.omitted, len(fitted.items)) == (1, 2)


def test_a_budget_of_nothing_sends_nothing() -> None:
    assert fit([10, 10], 0) == FittedContext((), 2, 0)
    assert fit([], 0) == FittedContext((), 0, 0)


@given(st.text(), st.text())
def test_the_estimate_grows_with_the_text_and_counts_bytes(one: str, other: str) -> None:
    assert estimate_tokens(one) <= estimate_tokens(one + other) <= estimate_tokens(one) + estimate_tokens(other)
    assert estimate_tokens("ż" * 40) == estimate_tokens("x" * 80) == 24
