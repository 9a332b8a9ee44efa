"""Whether an answer should be trusted, from the answer alone: what a cascade asks before it asks a larger model.

Each sign of doubt has a weight by hand, the share of such answers that is taken to be wrong; independent signs add up
as 1 - (1 - a)(1 - b). The reasons are on the receipt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backend.domain.answers.arithmetic import equations
from backend.domain.answers.formats import format_failures
from backend.domain.answers.worked import WorkedAnswers

DOUBT_THRESHOLD = 0.5
"""From here on an answer is asked for again."""

EMPTY, CUT, FILTERED, REFUSED, WRONG_FORMAT, WRONG_SUM = 1.0, 0.7, 0.6, 0.6, 0.8, 0.8
UNCERTAIN, HEDGE, HEDGES_MAX, TOO_SHORT, TOO_LONG = 0.5, 0.12, 3, 0.5, 0.5
TOLD = 0.4
"""Of the probability that a calculated answer is wrong: below it nobody is told why."""
OPENING_CHARACTERS, SCANNED_CHARACTERS = 240, 8_000
EXPLANATION_WORDS_MIN = 15
LENGTH_TOLERANCE = 1.3

REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)\b[^.\n]{0,40}\b(?:can't|cannot|unable|not able|to (?:help|assist))|"
    r"i can(?:'t|not) (?:help|assist|provide|answer|do that|fulfil)|as an ai\b|"
    r"(?:przepraszam|niestety)\b[^.\n]{0,30}\bnie (?:mogę|jestem w stanie)|"
    r"nie mogę (?:pomóc|odpowiedzieć|tego zrobić))",
    re.I,
)
UNCERTAINTY = re.compile(
    r"\b(?:i don't know|i do not know|i(?:'m| am) not (?:sure|certain)|(?:cannot|can't|impossible to|not possible to) "
    r"(?:determine|be determined|say for sure|tell)|not enough information|insufficient information|nie wiem|"
    r"nie jestem pew\w+|nie da się (?:ustalić|stwierdzić|określić)|za mało (?:danych|informacji))\b",
    re.I,
)
HEDGING = re.compile(
    r"\b(?:i think|i believe|i guess|probably|perhaps|maybe|might be|could be|possibly|presumably|it seems|"
    r"as far as i know|if i (?:recall|remember)|chyba|prawdopodobnie|być może|wydaje mi się|o ile wiem|raczej)\b",
    re.I,
)
EXPLANATION_ASKED = re.compile(
    r"\b(?:explain|prove|derive|step by step|in detail|compare|discuss|describe|analy[sz]e|why|wyjaśnij|udowodnij|"
    r"wyprowadź|krok po kroku|szczegółowo|porównaj|omów|opisz|przeanalizuj|dlaczego)\b",
    re.I,
)
SHORT_ASKED = re.compile(
    r"\b(?:one word|single word|yes or no|only (?:the|with)|just the|briefly|short|one sentence|jednym słowem|"
    r"tak czy nie|tylko|krótko|jednym zdaniem)\b",
    re.I,
)
WORDS_ASKED = re.compile(
    r"\b(?:at most|no more than|under|up to|within|maximum of|max|fewer than|less than|maksymalnie|najwyżej|do)\s+"
    r"(\d{1,4})\s+(?:words|słów)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """doubt: 0 (nothing speaks against the answer) to 1. reasons in people's words, the weightiest first."""

    doubt: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that speaks against an answer. weight: 0 to 1."""

    weight: float
    reason: str


def check_answer(question: str, answer: str, finish_reason: str, worked: WorkedAnswers | None = None) -> AnswerCheck:
    """finish_reason: as the provider says it. worked: what judges calculated answers besides.

    Bounded in time whatever the texts are: a few milliseconds.
    """
    signs = sorted(_signs(question, answer, finish_reason), key=lambda sign: -sign.weight)
    judgement = worked.judge(question, answer) if worked else None
    trust = 1.0 - judgement.wrong if judgement else 1.0
    for sign in signs:
        trust *= 1.0 - sign.weight
    told = judgement.reasons if judgement and judgement.wrong >= TOLD else ()
    return AnswerCheck(round(1.0 - trust, 3), (*(sign.reason for sign in signs), *told))


def _signs(question: str, answer: str, finish_reason: str) -> Iterator[Sign]:
    text = answer.strip().replace("’", "'")
    if not text:
        yield Sign(EMPTY, "the answer is empty")
        return
    if finish_reason == "length":
        yield Sign(CUT, "the answer was cut off at its longest")
    if finish_reason == "content_filter":
        yield Sign(FILTERED, "the answer was filtered")
    yield from _wording(text[:SCANNED_CHARACTERS])
    yield from _length(question[:SCANNED_CHARACTERS], text)
    for failure in format_failures(question, answer):
        yield Sign(WRONG_FORMAT, failure)
    wrong = [equation for equation in equations(answer) if not equation.right]
    if wrong:
        yield Sign(WRONG_SUM, f"the calculation {wrong[0].text} is wrong")


def _wording(text: str) -> Iterator[Sign]:
    if REFUSAL.search(text[:OPENING_CHARACTERS]):
        yield Sign(REFUSED, "the model refused")
    if UNCERTAINTY.search(text):
        yield Sign(UNCERTAIN, "the answer says that it does not know")
    if hedges := len(HEDGING.findall(text)):
        yield Sign(HEDGE * min(hedges, HEDGES_MAX), "the answer hedges")


def _length(question: str, text: str) -> Iterator[Sign]:
    words = len(text.split())
    prose = "```" not in text and "|" not in text  # code and tables explain in few words
    if (
        prose
        and words < EXPLANATION_WORDS_MIN
        and EXPLANATION_ASKED.search(question)
        and not SHORT_ASKED.search(question)
    ):
        yield Sign(TOO_SHORT, f"an explanation was asked for, and there are {words} words")
    limit = WORDS_ASKED.search(question)
    if limit and words > int(limit[1]) * LENGTH_TOLERANCE:
        yield Sign(TOO_LONG, f"at most {limit[1]} words were asked for, and there are {words}")
