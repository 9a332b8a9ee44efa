"""Search: the words of what a user typed, what is found, and the piece of a text that shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import combining, normalize

from backend.domain.conversations import Role

WORD = re.compile(r'[^\s"\\]+')
MAX_WORDS = 16
SNIPPET_CHARACTERS = 160
WEEK_S = 7 * 86_400
CONTEXT_CHARACTERS = 40
"""Of a snippet, before the first word that was found."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message, or a conversation by its title: then message_id and role are None. created_at: of its last use."""

    conversation_id: str
    title: str
    message_id: str | None
    role: Role | None
    snippet: str
    created_at: datetime


def week_of(instant: datetime) -> int:
    """Of an aware instant, counted from 1970-01-01: a message's, so that a search reads what is newest and no more."""
    return int(instant.timestamp() // WEEK_S)


def words_of(text: str) -> tuple[str, ...]:
    """In their order, each once, a bounded number. Quotes and backslashes mean nothing and are left out."""
    return tuple(dict.fromkeys(WORD.findall(text)))[:MAX_WORDS]


def folded(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.lower()
    return "".join(filter(lambda sign: not combining(sign), normalize("NFD", text.casefold())))


def has_every(text: str, words: Sequence[str]) -> bool:
    """Whether the text contains each of them, whatever the case and the accents of both."""
    if not words:
        return True
    plain = folded(text)
    return all(folded(word) in plain for word in words)


def snippet(text: str, words: Sequence[str]) -> str:
    """One line around the first of these words; the beginning where none is found as it was typed."""
    line = " ".join(text.split())
    found = re.search("|".join(map(re.escape, words)), line, re.IGNORECASE) if words else None
    start = max(0, found.start() - CONTEXT_CHARACTERS) if found else 0
    if start:
        start = line.find(" ", start, found.start() if found else None) + 1 or start
    end = start + SNIPPET_CHARACTERS
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
