"""A calculated answer is doubted by how it was calculated; the weights are data that was fitted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.answers.checks import DOUBT_THRESHOLD, check_answer
from backend.domain.answers.worked import REASONS, figures_of
from router_training.questions import Answered
from router_training.worked_answers import fit_worked_answers
from tests.support.routing import worked_answers

QUESTION = "A baker has 12 trays of 8 rolls. 15 rolls burn, and she sells half of the rest. How many are left?"
WELL = "There are 12 * 8 = 96 rolls. 96 - 15 = 81 are good. She sells 81 / 2 = 40.5, so 40.5 are left."
PLAIN = "Tom has 3 apples and buys 4 more. How many has he?"


def test_what_leaves_numbers_out_or_ends_in_a_fraction_is_doubted_more() -> None:
    judge = worked_answers().judge
    right, fraction, left_out = (
        judge(PLAIN, text) for text in ("3 + 4 = 7", "3 + 4 = 7. 7 / 2 = 3.5", "He has 2 + 5 = 7 apples")
    )
    assert right
    assert fraction
    assert left_out
    assert right.wrong < min(fraction.wrong, left_out.wrong)
    assert "its result is not a whole number" in fraction.reasons
    assert "it leaves out numbers of the question" in left_out.reasons


@pytest.mark.parametrize(
    ("question", "answer"),
    [("What is tea?", "1 + 1 = 2"), (PLAIN, "Seven."), (PLAIN, "He has 7."), ("", "")],
)
def test_an_answer_that_calculates_nothing_is_not_judged(question: str, answer: str) -> None:
    assert worked_answers().judge(question, answer) is None
    assert check_answer(question, answer or "-", "stop", worked_answers()) == check_answer(
        question, answer or "-", "stop"
    )


def test_a_check_counts_it_and_says_why() -> None:
    alone = check_answer(QUESTION, WELL, "stop")
    judged = check_answer(QUESTION, WELL, "stop", worked_answers())
    assert alone.doubt == 0.0
    assert judged.doubt > alone.doubt
    assert check_answer(PLAIN, "3 + 4 = 7", "stop", worked_answers()).doubt < DOUBT_THRESHOLD


@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 10**500))
def test_any_text_can_be_judged(question: str, answer: str, number: int) -> None:
    judgement = worked_answers().judge(f"{question} 1 {number}", f"{answer} 1 + 1 = 2 and {number}")
    assert judgement is None or 0 <= judgement.wrong <= 1


def test_the_same_answers_give_the_same_weights_and_what_they_teach_is_learned() -> None:
    good, bad = "3 + 4 = 7", "3 + 9 = 12. 12 / 5 = 2.4"
    known = [Answered(f"{PLAIN} {n}", True, n % 3 > 0, "", good if n % 3 else bad) for n in range(60)]
    fitted = fit_worked_answers(known)
    assert fitted == fit_worked_answers(known)
    right, wrong = fitted.judge(PLAIN, good), fitted.judge(PLAIN, bad)
    assert right
    assert wrong
    assert right.wrong < 0.5 < wrong.wrong


def test_every_figure_has_its_row() -> None:
    assert set(worked_answers().figures) == set(REASONS) == set(figures_of(PLAIN, "3 + 4 = 7") or {})
