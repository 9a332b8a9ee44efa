"""Keyset pages: where the last page ended, as an opaque text that carries two values and never an operator."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from bson import ObjectId

from backend.errors import InvalidInput
from backend.services.scalable_database.documents import Document

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPAQUE = re.compile(r"[A-Za-z0-9_-]{1,128}")
PLAIN = re.compile(r"(\d{1,14})\.([A-Za-z0-9_]{1,64})")
OBJECT_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Keyset:
    """A list's order: a time field, then _id, both in one direction (1 oldest first, -1 newest first)."""

    field: str
    direction: Literal[1, -1]
    id_type: Literal["text", "object_id"]

    @property
    def sort(self) -> tuple[tuple[str, int], ...]:
        return ((self.field, self.direction), ("_id", self.direction))

    def encode(self, document: Document) -> str:
        """The cursor of the page that follows this document."""
        milliseconds = (document[self.field] - EPOCH) // timedelta(milliseconds=1)
        return base64.urlsafe_b64encode(f"{milliseconds}.{document['_id']}".encode()).decode().rstrip("=")

    def decode(self, cursor: str) -> tuple[datetime, str | ObjectId]:
        """Raises InvalidInput for anything that encode() did not make."""
        if not OPAQUE.fullmatch(cursor):
            raise InvalidInput("The cursor is not one that this server made.", code="invalid_cursor")
        try:
            plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
            match = PLAIN.fullmatch(plain)
            if match is None or (self.id_type == "object_id" and not OBJECT_ID.fullmatch(match[2])):
                raise ValueError("not a cursor")
            at = EPOCH + timedelta(milliseconds=int(match[1]))
        except (binascii.Error, ValueError, OverflowError) as error:
            raise InvalidInput("The cursor is not one that this server made.", code="invalid_cursor") from error
        return at, ObjectId(match[2]) if self.id_type == "object_id" else match[2]

    def within(self, where: Document, cursor: str | None) -> Document:
        """The same for a text search, which a filter may contain once: what is before the cursor is found too."""
        if cursor is None:
            return where
        at, last_id = self.decode(cursor)
        beyond = "$gt" if self.direction == 1 else "$lt"
        return {**where, "$or": [{self.field: at, "_id": {beyond: last_id}}, {self.field: {beyond: at}}]}

    def following(self, where: Document, cursor: str | None) -> Document:
        """The filter of what comes after the cursor.

        Two alternatives, each whole: ties of the last time, and everything beyond it. The planner walks the index
        once for each and merges; one filter for both would read every tie again, however many there are.
        """
        if cursor is None:
            return where
        at, last_id = self.decode(cursor)
        beyond, nearer = ("$gt", max) if self.direction == 1 else ("$lt", min)
        span = where.get(self.field, {})  # of a list with bounds, which a cursor must not lift
        following = {**span, beyond: nearer(at, span.get(beyond, at))}
        return {
            "$or": [
                {**where, self.field: {**span, "$eq": at} if span else at, "_id": {beyond: last_id}},
                {**where, self.field: following},
            ]
        }
