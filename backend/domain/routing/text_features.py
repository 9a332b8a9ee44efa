"""What of a question the complexity model looks at: its words, and a few figures about how it is written."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log1p

SCANNED_CHARACTERS = 4_000
"""Of a question: its first and its last half of these, since people ask before or after what they paste."""
LONG_WORD = 9

WORD = re.compile(r"[^\W\d_]+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
OPERATOR = re.compile(r"[=+*/^<>≤≥≠√π∑∫\\]")
NEGATION = re.compile(r"\b(?:not|except|never|false|incorrect|neither|without|cannot|nie|oprócz|bez|nigdy|fałsz\w*)\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it was read. words: in lower case, with how often each occurs."""

    text: str
    words: Mapping[str, int]
    size: int
    """Words in all, at least 1."""


def read(text: str) -> Reading:
    half = SCANNED_CHARACTERS // 2
    scanned = text if len(text) <= SCANNED_CHARACTERS else f"{text[:half]}\n{text[-half:]}"
    lowered = scanned.lower()
    found = WORD.findall(lowered)
    return Reading(lowered, Counter(found), max(len(found), 1))


def _share(pattern: re.Pattern[str]) -> Callable[[Reading], float]:
    return lambda reading: len(pattern.findall(reading.text)) / reading.size


def _mean_length(reading: Reading) -> float:
    return sum(len(word) * count for word, count in reading.words.items()) / reading.size


def _long_words(reading: Reading) -> float:
    return sum(count for word, count in reading.words.items() if len(word) >= LONG_WORD) / reading.size


def _sentence_length(reading: Reading) -> float:
    return log1p(reading.size / (len(SENTENCE_END.findall(reading.text)) or 1))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure about a text. reason: what is said where it counted for the large model."""

    name: str
    reason: str
    measure: Callable[[Reading], float]


FIGURES: tuple[Figure, ...] = (
    Figure("length", "it is long", lambda reading: log1p(reading.size)),
    Figure("lines", "it has many lines", lambda reading: log1p(reading.text.count("\n"))),
    Figure("numbers", "it has many numbers", _share(NUMBER)),
    Figure("operators", "it has formulas", lambda reading: log1p(len(OPERATOR.findall(reading.text)))),
    Figure("negation", "it turns on a negation", lambda reading: float(bool(NEGATION.search(reading.text)))),
    Figure("word_length", "its words are long", _mean_length),
    Figure("long_words", "it has many long words", _long_words),
    Figure("repetition", "it repeats words", lambda reading: 1 - len(reading.words) / reading.size),
    Figure("sentence_length", "its sentences are long", _sentence_length),
    Figure("brackets", "it has many brackets", lambda reading: log1p(reading.text.count("("))),
    Figure("questions", "it asks several questions", lambda reading: log1p(reading.text.count("?"))),
)
