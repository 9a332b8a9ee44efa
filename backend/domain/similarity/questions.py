"""Whether two questions ask the same, by their words alone: no model, no guess at meanings.

Two forms are as similar as the words that only one of them has allow, and a word takes everything away unless a table
says how little it matters. So numbers, dates, units, negations, names, comparisons, directions and question words have
to be the same without being recognised as such. Endings of Polish words are compared as they are: they say who does
what to whom.
"""

from collections.abc import Sequence
from functools import partial

from backend.domain.question_form import QuestionForm, Word
from backend.domain.similarity.words import CASED, FOLD, PARTICIPLE, SYNONYMS, WEAK

OTHER_SPELLING, OTHER_ENDING, OTHER_WORD, OTHER_PLACE = 0.03, 0.04, 0.05, 0.02
"""What is lost by missing diacritics, by a plural, by a synonym, by a phrase that stands elsewhere."""
DIFFERENT = 1.0
THRESHOLD = 0.9
"""From here on two questions ask the same: chosen on the fitting part of tests/data/similar_pairs.jsonl."""


def similarity(one: QuestionForm, other: QuestionForm) -> float:
    """0 (different) to 1 (the same, but for what only frames a question). Symmetrical."""
    if one.signature != other.signature or (one.language and other.language and one.language != other.language):
        return 0.0
    if _verbs_differ(one, other):
        return 0.0
    fold = 0 in (one.diacritics, other.diacritics) and one.diacritics + other.diacritics > 1
    compared = partial(_loss, fold=fold, cased=one.cased and other.cased)
    loss = compared(one.words, other.words)
    if one.phrase is not None and other.phrase is not None:
        rests, phrases = zip(_parted(one, one.phrase), _parted(other, other.phrase), strict=True)
        loss = min(loss, OTHER_PLACE + compared(*rests) + compared(*phrases))
    return round(max(0.0, 1.0 - loss), 4)


def _verbs_differ(one: QuestionForm, other: QuestionForm) -> bool:
    """ "Which of these is true" asks for one, "are" for several; "a list is" and "lists are" ask the same."""
    if one.verbs == other.verbs:
        return False
    if one.verbs and other.verbs:
        return _texts(one) == _texts(other)
    return any(PARTICIPLE.match(word.text) for word in one.words)


def _texts(form: QuestionForm) -> list[str]:
    return sorted(word.text for word in form.words)


def _parted(form: QuestionForm, phrase: int) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """(the rest, the movable phrase)."""
    return form.words[:phrase] + form.words[phrase + 2 :], form.words[phrase : phrase + 2]


def _loss(one: Sequence[Word], other: Sequence[Word], *, fold: bool, cased: bool) -> float:
    """The smallest loss of an alignment of all words in their order (edit distance with a weight for each word).

    fold: diacritics may be missing. cased: both questions have names, so that a word without a capital is none.
    """
    alone, others = _weights(one), _weights(other)
    row = [0.0]
    for weight in others:
        row.append(row[-1] + weight)
    for word, weight in zip(one, alone, strict=True):
        above, row = row, [row[0] + weight]
        for place, candidate in enumerate(other):
            matched = above[place] + _difference(word, candidate, fold, cased)
            row.append(min(matched, above[place + 1] + weight, row[-1] + others[place]))
    return row[-1]


def _weights(words: Sequence[Word]) -> list[float]:
    """What is lost without each word. At the end a word is never weak: "what is it" and "what is it in" differ."""
    return [
        DIFFERENT if place == len(words) - 1 else WEAK.get(word.text, DIFFERENT) for place, word in enumerate(words)
    ]


def _difference(one: Word, other: Word, fold: bool, cased: bool) -> float:
    if one.text == other.text:
        return DIFFERENT if one.name != other.name and (cased or one.text in CASED) else 0.0
    if one.key != other.key:
        return DIFFERENT
    if one.text.translate(FOLD) == other.text.translate(FOLD):
        return OTHER_SPELLING if fold else DIFFERENT
    if one.text in SYNONYMS and other.text in SYNONYMS:
        return OTHER_WORD
    return DIFFERENT if one.name or other.name else OTHER_ENDING
