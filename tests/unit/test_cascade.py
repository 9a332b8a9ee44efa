"""What became of a checked answer is told in people's words, and survives being JSON."""

import orjson
import pytest

from backend.domain.answers.cascade import CascadeUse, Hindrance, cascade_of, judged
from backend.domain.answers.checks import AnswerCheck
from router_training.evaluate_cascade import report
from router_training.questions import Answered
from router_training.worked_answers import shipped


@pytest.mark.parametrize(
    ("check", "hindered_by", "escalated", "reason"),
    [
        (AnswerCheck(0.3, ("the answer hedges",)), None, False, "the answer of small was checked and stands"),
        (AnswerCheck(0.3, ()), "time", False, "the answer of small was checked and stands"),
        (AnswerCheck(0.5, ("it is cut",)), None, True, "the answer of small was doubted (it is cut) and given up"),
        (AnswerCheck(0.9, ()), None, True, "the answer of small was doubted and given up"),
        (
            AnswerCheck(0.9, ("it is cut", "it hedges")),
            "cost",
            False,
            "the answer of small was doubted (it is cut; it hedges), but stands: "
            "the cost cap left too little for the large model",
        ),
    ],
)
def test_it_says_what_became_of_the_answer(
    check: AnswerCheck, hindered_by: Hindrance | None, escalated: bool, reason: str
) -> None:
    use = judged("small", check, hindered_by)
    assert (use.escalated, use.reason) == (escalated, reason)
    assert cascade_of(orjson.loads(orjson.dumps(use))) == use


def test_what_was_not_checked_has_none() -> None:
    assert cascade_of(None) is None
    with pytest.raises(KeyError):
        cascade_of({"doubt": 1.0})
    assert isinstance(judged("small", AnswerCheck(0.0, ())), CascadeUse)


def test_the_evaluation_counts_who_was_doubted_rightly_and_what_becomes_of_the_quality() -> None:
    right, wrong = ("What is 2 + 2?", True, True, "sums", "2 + 2 = 4"), ("And 3 + 3?", True, False, "sums", "3 + 3 = 7")
    missed = ("And 4 + 4?", True, False, "sums", "It is seven.")
    questions = [Answered(*row) for row in (right, right, wrong, missed)]
    assert (
        report(questions, shipped())[-1]
        == "| signs alone | 4 | 25.0% | 100.0% (20.7% to 100.0%) | 50.0% | 0.500 | 0.750 | 1.000 |"
    )
