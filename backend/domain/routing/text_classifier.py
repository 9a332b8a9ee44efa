"""Texts to classes by a table of weights: one pass over the words, integers added up, one square root."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from operator import add

from backend.domain.routing.agent_features import spoken_words, word_features

Row = tuple[int, ...]
"""Of a feature: its squared length, then its weight for each class."""
INT16 = "h"
"""How they are kept, as bytes: a row as a tuple of integers takes six times the memory, and there are 50,000."""

NOTABLE_SHARE = 1 / 3
"""Of the weight of the weightiest word: below it a word is not told as a reason."""
SHORTEST_WORD = 3


def pack_rows(rows: Iterable[tuple[str, Row]]) -> dict[str, bytes]:
    """Equal rows are one object. Raises OverflowError for an integer of more than 16 bits."""
    distinct: dict[bytes, bytes] = {}
    packed = ((feature, array(INT16, row).tobytes()) for feature, row in rows)
    return {feature: distinct.setdefault(row, row) for feature, row in packed}


def unpack_row(row: bytes) -> Row:
    return tuple(array(INT16, row))


@dataclass(frozen=True, slots=True)
class TextClassifier:
    """A linear classifier. Scores are margins: above 0 for, below 0 against a class.

    rows: feature -> packed row, in the order of the classes. unit: what an integer weight in a text of length 1
    stands for. intercepts: margins of a text of which nothing is known.
    """

    classes: tuple[str, ...]
    rows: Mapping[str, bytes]
    unit: float
    intercepts: tuple[float, ...]

    def scores(self, features: Iterable[str]) -> list[float]:
        """One margin a class, in their order."""
        return list(map(add, self.intercepts, self.evidence(features)))

    def evidence(self, features: Iterable[str]) -> list[float]:
        """What features add to the intercepts; all 0 where none is known."""
        width = len(self.classes) + 1
        found = self._found(features)
        if not found:
            return [0.0] * len(self.classes)
        square, *sums = [sum(found[at::width]) for at in range(width)]
        scale = self.unit / sqrt(square)
        return [total * scale for total in sums]

    def weight_of(self, features: Iterable[str], chosen: int, second: int) -> int:
        """How far features speak for one class rather than for a second."""
        width = len(self.classes) + 1
        found = self._found(features)
        return sum(found[chosen + 1 :: width]) - sum(found[second + 1 :: width])

    def _found(
        self, features: Iterable[str]
    ) -> "array[int]":  # quoted: an array takes no index of types before Python 3.12
        """The rows of the features that are known, one after another."""
        rows = self.rows
        return array(INT16, b"".join([rows[feature] for feature in features if feature in rows]))

    def words_for(self, text: str, chosen: int, second: int, most: int) -> list[str]:
        """The words of the text that speak most for one class rather than for a second, the weightiest first.

        They are in lower case.
        """
        weights = {
            word: self.weight_of(word_features(plain), chosen, second)
            for word, plain in spoken_words(text).items()
            if len(word) >= SHORTEST_WORD and word.isalpha()
        }
        least = max(weights.values(), default=0) * NOTABLE_SHARE
        notable = [word for word, weight in weights.items() if weight > 0 and weight >= least]
        return sorted(notable, key=lambda word: (-weights[word], word))[:most]
