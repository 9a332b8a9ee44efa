"""Which passwords are refused, and what to tell whoever chose one.

Length is what counts (ASVS 6.2): 8 characters at least, 15 advised, any characters. Refused is what attackers try
first: the common passwords of zxcvbn's list, what zxcvbn takes fewer than a thousand guesses for, and what is little
more than the user's own address or name.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from backend.errors import WeakPassword

MIN_CHARACTERS = 8
ADVISED_CHARACTERS = 15
MAX_CHARACTERS = 1024
MEASURED_CHARACTERS = 16
"""zxcvbn takes 0.1 s at most for these, and seconds for the worst of 72."""
OWN_WORD_CHARACTERS = 3
BEYOND_OWN_WORDS = 4
PRODUCT = "aether"

CLASSES = {
    "an upper-case letter": str.isupper,
    "a lower-case letter": str.islower,
    "a digit": str.isdigit,
    "a symbol": lambda character: not character.isalnum(),
}
ADVICE = f"Several words that have nothing to do with each other are easy to remember and hard to guess: \
{ADVISED_CHARACTERS} characters or more."


@dataclass(frozen=True, slots=True)
class Strength:
    """score: zxcvbn's, 0 (fewer than 1,000 guesses) to 4 (more than 10 billion), of the first 16 characters."""

    score: int
    warning: str
    suggestions: tuple[str, ...]


def common_passwords() -> Collection[str]:
    """Of zxcvbn's list, in lower case. Its lists take 12 MB and 0.1 s: only workers that are sent passwords load it."""
    from zxcvbn.matching import RANKED_DICTIONARIES

    ranks: dict[str, int] = RANKED_DICTIONARIES["passwords"]
    return ranks.keys()


def composed(password: str) -> str:
    """NFC: the same password, however a keyboard spells its letters."""
    return unicodedata.normalize("NFC", password)


def measure(password: str) -> Strength:
    """Up to 0.1 s of work: not for the event loop. Without the user's words: zxcvbn keeps those in a global."""
    if not password:
        return Strength(0, "", (ADVICE,))
    from zxcvbn import zxcvbn  # here, because of its lists: see common_passwords

    result = zxcvbn(password[:MEASURED_CHARACTERS])  # type: ignore[no-untyped-call]  # it has no types
    feedback = result["feedback"]
    return Strength(result["score"], feedback["warning"], (*feedback["suggestions"], ADVICE))


def check_new_password(password: str, *own: str, composition: bool = False) -> None:
    """Up to 0.1 s of work. own: the user's address and name. composition: all four kinds of characters are asked for.

    Raises WeakPassword.
    """
    password = composed(password)
    strength = measure(password)
    reason = _reason(password, own, strength, composition)
    if reason:
        raise WeakPassword(reason, score=strength.score, warning=strength.warning, suggestions=strength.suggestions)


def _reason(password: str, own: Iterable[str], strength: Strength, composition: bool) -> str | None:
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        return f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters."
    folded = password.casefold()
    if _beyond(folded, own) < BEYOND_OWN_WORDS:
        return "The password is little more than your own address or name."
    if folded in common_passwords() or (strength.score == 0 and len(password) <= MEASURED_CHARACTERS):
        return "This password is among the first that attackers try."
    missing = [name for name, belongs in CLASSES.items() if not any(map(belongs, password))]
    if composition and missing:
        return f"The password needs {', '.join(missing)}."
    return None


def _beyond(folded: str, own: Iterable[str]) -> int:
    """How many characters are left without the user's own words and Aether's name."""
    words = {part for text in own for part in (text.casefold(), *re.split(r"[\W_]+", text.casefold()))}
    for word in sorted({*words, PRODUCT}, key=len, reverse=True):
        if len(word) >= OWN_WORD_CHARACTERS:
            folded = folded.replace(word, "")
    return len(folded)
