"""Texts of a made-up language whose words are as unevenly used as those of a real one."""

import re
from itertools import accumulate
from random import Random

VOCABULARY = 30_000
SENTENCES = 40_000
FREQUENT: list[str] = re.findall(
    r"\w+",
    "the to of a and in is it for that with on as be this are or from at by not can if an which you have when one all "
    "we use has was will but each more do how only set no time data test build key list user page call server file "
    "value error query index cost cache limit plan team design number result change order answer question token model",
)
"""The first words by frequency; the rest are made of syllables."""
ONSETS: tuple[str, ...] = (*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "kl", "pr", "st", "tr")
NUCLEI: tuple[str, ...] = (*"aeiou", "ai", "ea", "ou")
CODAS = ("", "", "n", "r", "s", "l", "m", "t", "nd", "x")
LONG, SHORT = 15, 7
"""Words of a sentence."""
ANSWER_SENTENCES = (2, 7)


class Texts:
    """Sentences are drawn once, by Zipf's law (the n-th word is used in proportion to 1/n); texts are made of them."""

    def __init__(self, rng: Random, vocabulary: int = VOCABULARY, sentences: int = SENTENCES) -> None:
        words = _vocabulary(rng, vocabulary)
        weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
        self._sentences = [_sentence(rng, words, weights) for _ in range(sentences)]

    def sentence(self, rng: Random) -> str:
        return self._sentences[int(rng.random() * len(self._sentences))]

    def answer(self, rng: Random) -> str:
        low, high = ANSWER_SENTENCES
        return " ".join([self.sentence(rng) for _ in range(low + int(rng.random() * (high - low + 1)))])


def _vocabulary(rng: Random, size: int) -> list[str]:
    """Frequent words are shorter."""
    words = dict.fromkeys(FREQUENT)
    while len(words) < size:
        syllables = 2 + (len(words) > size // 10)
        words["".join(_syllable(rng) for _ in range(syllables))] = None
    return list(words)


def _syllable(rng: Random) -> str:
    return rng.choice(ONSETS) + rng.choice(NUCLEI) + rng.choice(CODAS)


def _sentence(rng: Random, words: list[str], weights: list[float]) -> str:
    drawn = rng.choices(words, cum_weights=weights, k=rng.randint(SHORT, LONG))
    return " ".join(drawn).capitalize() + "."
