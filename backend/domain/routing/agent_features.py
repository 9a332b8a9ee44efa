"""What a text is to the agent router: its words, the beginnings of its words, its word pairs, and whether it has code.

Beginnings stand in for stems: they find the inflected forms of both English and Polish without a dictionary.
"""

import re
from itertools import pairwise
from math import sqrt

HEAD_CHARACTERS, TAIL_CHARACTERS = 600, 400
"""What is read of a text: people say what they want before or after what they paste, seldom in the middle of it."""

BEGINNINGS = (3, 4, 5, 6)
"""Lengths of the beginnings that count as features of a longer word."""

CODE = "(code)"
"""The feature of a text that contains code; no token has brackets and letters."""

TOKENS = re.compile(r"[^\W_]+|[^\w\s]+")
"""Runs of letters and digits, and runs of punctuation, which code has and prose has not."""

PLAIN_LETTERS = str.maketrans("ąćęłńóśźż", "acelnoszz")
"""Many people type Polish without its diacritics."""

CODE_SIGNS: tuple[tuple[str, re.Pattern[str] | None], ...] = (
    ("```", None),
    ("Traceback (most recent", None),
    ("def ", re.compile(r"\bdef \w+\(")),
    ("=>", re.compile(r"=> ?\{")),
    (";", re.compile(r";\s*$", re.M)),
    ("</", re.compile(r"</\w+>")),
    # from one SELECT to the next, so that a line is read once however often the word follows
    # (no possessive quantifiers here: Python 3.11.2, Debian's, gets them wrong)
    ("SELECT", re.compile(r"\bSELECT\b(?:(?!\bSELECT\b).)+\bFROM\b")),
)
"""What only code looks like: a text that has to be there, and the pattern that then decides."""


def scanned(text: str) -> str:
    """The beginning and the end of a text: its features are counted in these."""
    if len(text) <= HEAD_CHARACTERS + TAIL_CHARACTERS:
        return text
    return f"{text[:HEAD_CHARACTERS]}\n{text[-TAIL_CHARACTERS:]}"


def contains_code(text: str) -> bool:
    return any(sign in text and (pattern is None or pattern.search(text)) for sign, pattern in CODE_SIGNS)


def tokens_of(text: str) -> list[str]:
    """Tokens in lower case, without Polish diacritics; every number is "0"."""
    tokens: list[str] = TOKENS.findall(text.lower().translate(PLAIN_LETTERS))
    return ["0" if token.isdigit() else token for token in tokens]


def context_share(text: str) -> float:
    """How much what came before counts beside a text: the less the more is said, 1 for a single word."""
    return 1.0 / sqrt(max(len(tokens_of(text)), 1))


def spoken_words(text: str) -> dict[str, str]:
    """Each token in lower case as it stands -> as it is looked up."""
    lowered = text.lower()
    return dict(zip(TOKENS.findall(lowered), tokens_of(lowered), strict=True))


def word_features(word: str) -> list[str]:
    """The word itself and its beginnings, which end in *."""
    size = len(word)
    return [word, *(f"{word[:length]}*" for length in BEGINNINGS if length < size)]


def features_of(text: str) -> set[str]:
    """Each feature once. text: as `scanned` has it."""
    tokens = tokens_of(text)
    features = set(map(" ".join, pairwise(tokens)))
    for word in set(tokens):
        features.update(word_features(word))
    if contains_code(text):
        features.add(CODE)
    return features
