"""The named queries of ScalableDatabase itself."""

from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.keyset import Keyset
from backend.services.scalable_database.queries import Query

USER = ("user_id", "user_none")

USER_BY_ID = Query(
    "users.by_id",
    "users",
    lambda user_id: {"_id": user_id},
    {"user_id": ("_id", "user_none")},
)


def _conversations(name: str, *fields: str) -> Query:
    """A page of what the user keeps, by these fields beside archived."""

    def where(user_id: str, archived: bool, **values: object) -> Document:
        return {"user_id": user_id, "state": "kept", "archived": archived, **values}

    samples = {"pinned": ("pinned", False), "folder_id": ("none", "folder_1")}
    sample = {field: samples[field] for field in fields}
    return Query(
        name,
        "conversations",
        where,
        {"user_id": USER, "archived": ("archived", False), **sample},
        keyset=Keyset("updated_at", -1, "text"),
    )


CONVERSATION_PAGES: dict[frozenset[str], Query] = {
    frozenset(): _conversations("conversations.page"),
    frozenset(("pinned",)): _conversations("conversations.page_pinned", "pinned"),
    frozenset(("folder_id",)): _conversations("conversations.page_folder", "folder_id"),
    frozenset(("pinned", "folder_id")): _conversations("conversations.page_folder_pinned", "pinned", "folder_id"),
}
"""By the fields that are asked for."""

DAILY_USAGE = Query(
    "usage_daily.of_user",
    "usage_daily",
    lambda user_id, since: {"user_id": user_id, "day": {"$gte": since}},
    {"user_id": USER, "since": ("day", "2026-01-01")},
    sort=(("day", -1), ("model", -1), ("agent", -1)),
)

WEEKS = Query(
    "messages.weeks",
    "messages",
    lambda user_id: {"user_id": user_id},
    {"user_id": USER},
    stages=({"$group": {"_id": "$week"}},),
    kind="aggregate",
)
"""In which a user wrote: read from the index week by week, however many messages there are."""

SEARCHES: dict[str, Query] = {
    "messages": Query(
        "messages.search",
        "messages",
        lambda user_id, week, text: {"user_id": user_id, "week": week, "$text": {"$search": text}},
        {"user_id": USER, "week": ("week", 0), "text": ("content", "word")},
        keyset=Keyset("created_at", -1, "object_id"),
        kind="text",
    ),
    "conversations": Query(
        "conversations.search",
        "conversations",
        lambda user_id, text: {"user_id": user_id, "state": "kept", "$text": {"$search": text}},
        {"user_id": USER, "text": ("title", "word")},
        keyset=Keyset("updated_at", -1, "text"),
        kind="text",
    ),
}
"""Collections with a text index, all of them bound to one user."""

QUERIES: tuple[Query, ...] = (USER_BY_ID, *CONVERSATION_PAGES.values(), DAILY_USAGE, WEEKS, *SEARCHES.values())
