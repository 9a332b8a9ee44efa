"""Writes as values: what a transaction is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pymongo import DeleteMany, DeleteOne, InsertOne, UpdateOne

from backend.services.scalable_database.documents import Document

Operation = InsertOne[Document] | UpdateOne | DeleteOne | DeleteMany


@dataclass(frozen=True, slots=True)
class Insert:
    """The document has its _id already, so that a repeated attempt inserts the same one."""

    collection: str
    document: Document

    def operation(self) -> Operation:
        return InsertOne(self.document)


@dataclass(frozen=True, slots=True)
class Update:
    """Of one document. Without upsert it must match, or the whole transaction is undone (NothingMatched)."""

    collection: str
    filter: Document
    update: Document
    upsert: bool = False

    def operation(self) -> Operation:
        return UpdateOne(self.filter, self.update, upsert=self.upsert)


@dataclass(frozen=True, slots=True)
class Delete:
    """Of one document, which must match; with many of as many as there are."""

    collection: str
    filter: Document
    many: bool = False

    def operation(self) -> Operation:
        return DeleteMany(self.filter) if self.many else DeleteOne(self.filter)


Write = Insert | Update | Delete


class WriteRefused(Exception):
    """A write contradicts what is stored: the transaction that it belongs to left no trace."""


class NothingMatched(WriteRefused):
    """An update or deletion found no document."""


class AlreadyStored(WriteRefused):
    """An insertion repeats a unique key."""


def runs(writes: Sequence[Write]) -> Iterator[tuple[str, type[Write], list[Write]]]:
    """Neighbours of one collection and kind together: each run is one command. The order is kept."""
    for (collection, kind), group in groupby(writes, key=lambda write: (write.collection, type(write))):
        yield collection, kind, list(group)


def expected_matches(writes: Sequence[Write]) -> int:
    """How many documents a run must touch at least."""
    return sum(1 for write in writes if not (isinstance(write, Delete) and write.many))
