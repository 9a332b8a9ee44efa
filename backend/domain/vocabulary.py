"""The words by which a roster's agents are recognised, all of them found in one pass over a text."""

import re
from collections.abc import Iterable, Mapping, Sequence

WHOLE_WORD_CHARACTERS = 4
"""Terms up to this length match whole words (and their plural), longer ones the beginnings of words."""

WHOLE_WORD = r"(?=s?(?!\w))"
NOTHING = r"(?!)"
PLURAL_END = re.compile(r"s?\W")

Found = dict[str, float]


def compile_terms(terms: Mapping[str, str]) -> re.Pattern[str]:
    """A pattern whose group 1 is the longest of the terms where a word begins with one. It consumes nothing.

    terms: lower-case term -> pattern of what has to follow. The alternatives are grouped by their first letter: a few
    comparisons then tell whether any of all the terms begins at a word.
    """
    by_letter: dict[str, list[str]] = {}
    for term in sorted(terms, key=lambda term: (-len(term), term)):
        by_letter.setdefault(term[0], []).append(re.escape(term[1:]) + terms[term])
    branches = (f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
    return re.compile(rf"(?<!\w)(?=({'|'.join(branches) or NOTHING}))")


class Vocabulary:
    """Several agents' terms. A term inside a longer one of the same agent does not count a second time."""

    def __init__(self, vocabularies: Sequence[Mapping[str, float]]) -> None:
        """vocabularies: one an agent, lower-case term -> weight."""
        self._agents = len(vocabularies)
        terms = {term for vocabulary in vocabularies for term in vocabulary}
        self._pattern = compile_terms({term: "" if len(term) > WHOLE_WORD_CHARACTERS else WHOLE_WORD for term in terms})
        self._meanings = {
            term: [
                (agent, own, vocabulary[own])
                for agent, vocabulary in enumerate(vocabularies)
                if (own := _longest_within(term, vocabulary))
            ]
            for term in terms
        }

    def find(self, text: str) -> list[Found]:
        """For each agent its terms that occur in the text, with their weights, in order of appearance."""
        found: list[Found] = [{} for _ in range(self._agents)]
        ends = [0] * self._agents
        for match in self._pattern.finditer(text.lower()):
            start = match.start()
            for agent, term, weight in self._meanings[match[1]]:
                if start >= ends[agent]:
                    ends[agent] = start + len(term)
                    found[agent][term] = weight
        return found


def _longest_within(term: str, own: Iterable[str]) -> str | None:
    """The longest of an agent's own terms that is found wherever the term is found."""
    return max((candidate for candidate in own if _begins(term, candidate)), key=len, default=None)


def _begins(term: str, candidate: str) -> bool:
    if not term.startswith(candidate):
        return False
    rest = term[len(candidate) :]
    return not rest or len(candidate) > WHOLE_WORD_CHARACTERS or PLURAL_END.match(rest) is not None
