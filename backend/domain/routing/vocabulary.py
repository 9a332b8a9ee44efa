"""Many words at once, found in one pass over a text."""

import re
from collections.abc import Mapping

NOTHING = r"(?!)"


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
