"""ScalableDatabase and what its users need beside it: named queries, keyset pages, writes, translated errors."""

from backend.services.scalable_database.database import ScalableDatabase
from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.failures import translated
from backend.services.scalable_database.keyset import Keyset
from backend.services.scalable_database.listener import CommandEvent
from backend.services.scalable_database.queries import Query
from backend.services.scalable_database.user_cache import UserCache
from backend.services.scalable_database.writes import (
    AlreadyStored,
    Delete,
    Insert,
    NothingMatched,
    Update,
    Write,
    WriteRefused,
)

__all__ = [
    "AlreadyStored",
    "CommandEvent",
    "Delete",
    "Document",
    "Insert",
    "Keyset",
    "NothingMatched",
    "Query",
    "ScalableDatabase",
    "Update",
    "UserCache",
    "Write",
    "WriteRefused",
    "translated",
]
