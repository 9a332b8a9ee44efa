"""Takes conversations from elsewhere into an account: each once, however often the import is repeated."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from backend.domain.ids import derived_id
from backend.domain.transfer import NotTransferable, TransferConversation, from_aether, from_chatgpt
from backend.domain.transfer.values import MAX_TITLE_CHARACTERS, UNTITLED, clean_text
from backend.errors import Overloaded
from backend.services.repositories.imports import ImportRepository
from backend.services.transfer.documents import ImportDocument

AT_ONCE = 2
"""Imports under way in one worker: each may hold 16 MB, and several times that as text."""
BATCH = 20
RETRY_S = 5.0
READERS: Mapping[str, Callable[[Mapping[str, Any], datetime], TransferConversation]] = {
    "aether": from_aether,
    "chatgpt": from_chatgpt,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """title: as far as it could be read. reason: for people."""

    title: str
    reason: str


@dataclass(slots=True)
class Imported:
    """What became of the conversations. skipped: the account has them already."""

    imported: int = 0
    skipped: int = 0
    failed: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """known_as: ids under which the account may have it: that of an earlier import, and, of our own export, its own."""

    id: str
    known_as: tuple[str, ...]
    conversation: TransferConversation


class ConversationImport:
    def __init__(self, repository: ImportRepository, now: Callable[[], datetime]) -> None:
        self._repository = repository
        self._now = now
        self._running = 0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Around everything that an import does, the reading of its body included. Raises Overloaded."""
        if self._running >= AT_ONCE:
            raise Overloaded("Other imports are under way: try again in a moment.", retry_after=RETRY_S)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def run(self, user_id: str, body: bytes) -> Imported:
        """Raises InvalidInput before anything is stored, where the body as a whole is not what it should be."""
        document = await asyncio.to_thread(ImportDocument.read, body)
        result = Imported()
        rows = document.conversations()
        while batch := await asyncio.to_thread(self._read, user_id, document.form, rows, result):
            await self._store(user_id, batch, result)
        return result

    def _read(self, user_id: str, form: str, rows: Iterator[dict[str, Any]], result: Imported) -> list[_Arrival | None]:
        """The next batch, with None for what cannot be read. In a thread, which nobody else touches the rows from."""
        batch: list[_Arrival | None] = []
        for row in islice(rows, BATCH):
            try:
                batch.append(_arrival(user_id, form, READERS[form](row, self._now())))
            except NotTransferable as error:
                title = clean_text(row.get("title"), MAX_TITLE_CHARACTERS).strip() or UNTITLED
                result.failed.append(Failure(title, error.reason))
                batch.append(None)
        return batch

    async def _store(self, user_id: str, batch: list[_Arrival | None], result: Imported) -> None:
        arrivals = [arrival for arrival in batch if arrival]
        asked = {known for arrival in arrivals for known in arrival.known_as}
        stored = await self._repository.stored(user_id, asked) if asked else {}
        for arrival in arrivals:
            if any(stored.get(known) for known in arrival.known_as):
                result.skipped += 1
                continue
            if arrival.id in stored:  # deleted a moment ago, or left by an import that a crash broke off
                await self._repository.purge(user_id, arrival.id)
            added = await self._repository.add(user_id, arrival.id, arrival.conversation)
            result.imported += added
            result.skipped += not added
            stored[arrival.id] = True


def _arrival(user_id: str, form: str, conversation: TransferConversation) -> _Arrival:
    arrival_id = derived_id("conv", user_id, form, conversation.source_id)
    own = (conversation.source_id,) if form == "aether" else ()
    return _Arrival(arrival_id, (arrival_id, *own), conversation)
