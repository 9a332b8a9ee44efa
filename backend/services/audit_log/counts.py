"""Counts of what may happen often: one entry for each minute and subject, however many requests there were."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from backend.domain.audit import UNKNOWN, AuditEntry

SUBJECTS = 1000
"""Counted apart between two writes. What comes after them is counted together, under nobody's name."""
OTHERS = {"subjects": "many others"}
Key = tuple[object, ...]


class Counts:
    """In memory until it is taken. A subject is a user, or a network address where nobody is signed in."""

    def __init__(self, subjects: int = SUBJECTS) -> None:
        self._subjects = subjects
        self._entries: dict[Key, AuditEntry] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, entry: AuditEntry) -> None:
        """The entry counts for the minute that it is in."""
        entry = replace(entry, at=entry.at.replace(second=0, microsecond=0))
        key = _key(entry)
        if key not in self._entries and len(self._entries) >= self._subjects:
            detail = {**entry.detail, **OTHERS}
            entry = replace(entry, user_id=None, actor_id=UNKNOWN, address=None, correlation_id=None, detail=detail)
            key = _key(entry)
        known = self._entries.get(key)
        self._entries[key] = replace(known, count=known.count + entry.count) if known else replace(entry, id=_id(key))

    def take(self) -> list[AuditEntry]:
        taken, self._entries = list(self._entries.values()), {}
        return taken

    def give_back(self, entries: Iterable[AuditEntry]) -> None:
        for entry in entries:
            self.add(entry)


def _key(entry: AuditEntry) -> Key:
    """Of a user the address is no part: one who refuses to stop from a thousand addresses is one entry."""
    subject = entry.user_id or entry.address
    return entry.at.isoformat(), entry.action, subject, entry.actor_id, *sorted(entry.detail.items())


def _id(key: Key) -> str:
    """The same in every worker, so that they count into one entry."""
    return f"count_{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"
