"""The named queries of ScalableDatabase itself."""

from typing import Any

from backend.services.scalable_database.keyset import Keyset
from backend.services.scalable_database.queries import Query

USER = ("user_id", "user_none")

USER_BY_ID = Query(
    "users.by_id",
    "users",
    lambda user_id: {"_id": user_id},
    {"user_id": ("_id", "user_none")},
)

CONVERSATIONS_PAGE = Query(
    "conversations.page",
    "conversations",
    lambda user_id, archived: {"user_id": user_id, "archived": archived},
    {"user_id": USER, "archived": ("archived", False)},
    keyset=Keyset("updated_at", -1, "text"),
)

DAILY_USAGE = Query(
    "usage_daily.of_user",
    "usage_daily",
    lambda user_id, since: {"user_id": user_id, "day": {"$gte": since}},
    {"user_id": USER, "since": ("day", "2026-01-01")},
    sort=(("day", -1), ("model", -1), ("agent", -1)),
)

SEARCHES: dict[str, Query] = {
    "messages": Query(
        "messages.search",
        "messages",
        lambda user_id, text: {"user_id": user_id, "$text": {"$search": text}},
        {"user_id": USER, "text": ("content", "word")},
        kind="text",
    )
}
"""Collections with a text index, all of them bound to one user."""

QUERIES: tuple[Query, ...] = (USER_BY_ID, CONVERSATIONS_PAGE, DAILY_USAGE, *SEARCHES.values())
SCORE: dict[str, Any] = {"$meta": "textScore"}
