"""What was judged of a message is remembered under all that counts, and under nothing else."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.routing.remembered import LATEST, Remembered

TEXTS = st.lists(st.text(st.characters(), max_size=5), min_size=1, max_size=LATEST + 1)


class Judge:
    """Tells what it was asked, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, message: str, context: Sequence[str]) -> tuple[str, ...]:
        self.asked += 1
        return (message, *context)


@given(TEXTS, TEXTS)
def test_a_judgement_is_that_of_its_own_texts(one: list[str], other: list[str]) -> None:
    remembered = Remembered(Judge())
    for message, *context in (one, other, one):
        assert remembered(message, context) == (message, *context)


def test_what_comes_again_is_judged_once() -> None:
    judge = Judge()
    remembered = Remembered(judge)
    for _ in range(3):
        remembered("What then?", ["first", "second"])
    assert judge.asked == 1


def test_what_was_not_asked_of_late_is_forgotten() -> None:
    judge = Judge()
    remembered = Remembered(judge, size=2)
    for message in ("a", "b", "a", "c", "a", "b"):
        remembered(message)
    assert judge.asked == 4


def test_only_the_latest_messages_reach_the_judge() -> None:
    assert Remembered(Judge())("now", ["long ago", "before", "just now"]) == ("now", "before", "just now")
