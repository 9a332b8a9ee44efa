"""What is asked of a history: the path of every call that is measured, found in what the caller has."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from benchmark.aether import Account, Aether
from benchmark.history.callers import ADMINISTRATOR, HEAVIEST, Caller
from benchmark.history.words import FREQUENT

LIST, SEARCH, PAGE = "/api/conversations", "/api/conversations/search", 100
MESSAGES_ONLY = "m."
"""The cursor of a search that is through with the titles."""
DASHBOARD = "/api/ai/v4/performance/dashboard"


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    caller: Caller
    path: str

    @property
    def title(self) -> str:
        return f"{self.name}, {self.caller.name}"


class Explorer:
    """Reads what a caller has, through the API."""

    def __init__(self, aether: Aether, caller: Caller) -> None:
        self._aether = aether
        self._account = Account("", caller.token)
        self._caller = caller

    async def calls(self) -> list[Call]:
        if self._caller.name == ADMINISTRATOR:
            return [Call(name, self._caller, path) for name, path in ADMINISTRATORS.items()]
        return [Call(name, self._caller, path) for name, path in (await self._own()).items()]

    async def _own(self) -> dict[str, str]:
        conversations, later = await self._middle(LIST)
        longest = max(conversations, key=lambda one: one["message_count"])
        messages = f"{LIST}/{longest['id']}/messages"
        _, middle = await self._middle(f"{messages}?order=desc")
        rare = str(conversations[len(conversations) // 2]["title"]).split()[0]
        return {
            "conversation list, first page": LIST,
            "conversation list, page in the middle": with_cursor(LIST, later),
            "message page, newest": f"{messages}?order=desc",
            "message page, in the middle": with_cursor(f"{messages}?order=desc", middle),
            "search, rare word": search(rare),
            "search, most common word, titles": search(FREQUENT[0]),
            "search, most common word, messages": with_cursor(search(FREQUENT[0]), MESSAGES_ONLY),
            "search, two common words, messages": with_cursor(search(f"{FREQUENT[1]} {FREQUENT[9]}"), MESSAGES_ONLY),
            "search, rare and common word": search(f"{rare} {FREQUENT[0]}"),
            "30-day analytics": "/api/ai/v4/analytics/user?days=30",
        }

    async def _middle(self, path: str) -> tuple[list[dict[str, Any]], str | None]:
        """All items, and the cursor of the page in their middle; None where there is one page."""
        items: list[dict[str, Any]] = []
        cursors: list[str | None] = [None]
        while True:
            page = await self._aether.call("GET", with_cursor(path, cursors[-1], limit=PAGE), self._account)
            items += page["items"]
            if page["next_cursor"] is None:
                return items, cursors[len(cursors) // 2]
            cursors.append(page["next_cursor"])


ADMINISTRATORS = {
    "dashboard, 1h": DASHBOARD,
    "dashboard, 30d": f"{DASHBOARD}?window=30d",
    "leaderboard": "/api/leaderboard",
    "costs by user": "/api/admin/costs?by=user",
    "costs by agent": "/api/admin/costs?by=agent",
    "costs by model": "/api/admin/costs?by=model",
    "business": "/api/admin/business",
    "spending": "/api/admin/spending",
}


def search(text: str) -> str:
    return f"{SEARCH}?q={quote(text)}"


def with_cursor(path: str, cursor: str | None, **parameters: int) -> str:
    added = urlencode({**parameters, **({"cursor": cursor} if cursor else {})})
    return f"{path}{'&' if '?' in path else '?'}{added}" if added else path


async def all_calls(aether: Aether, callers: dict[str, Caller]) -> list[Call]:
    return [call for caller in callers.values() for call in await Explorer(aether, caller).calls()]


def is_judged(call: Call) -> bool:
    """Whether its growth has a target: the heaviest user's calls and the dashboard."""
    return call.caller.name == HEAVIEST or call.name.startswith("dashboard")
