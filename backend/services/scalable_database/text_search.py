"""Search by the text indexes, newest first: among messages week by week, so that it reads a bounded number of them.

A text index cannot be read in an order of time, so all that contains a word is fetched before the newest are known.
That of messages therefore keeps its entries by week, and older weeks are asked only while the page is not full, in one
command. Of several words an index is asked for the longest only, which is mostly the rarest: it would fetch what has
any of them.
"""

from collections.abc import Sequence

from backend.domain.search import has_every, week_of
from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.drivers import Driver
from backend.services.scalable_database.keyset import Keyset
from backend.services.scalable_database.queries import Query
from backend.services.scalable_database.reads import WEEKS

WEEKS_AT_ONCE = 100
CANDIDATES, CANDIDATES_MAX = 100, 1_000
"""Documents with the longest word that are read at once for the others: first, and after some rounds."""
Page = tuple[list[Document], str | None]


class TextSearch:
    """Of one user's documents that have every word. words: at least one, without quotes and backslashes."""

    def __init__(self, driver: Driver, query: Query, user_id: str, words: Sequence[str]) -> None:
        if query.keyset is None:
            raise ValueError(f"{query.name} has no keyset")
        self._driver = driver
        self._query = query
        self._keyset: Keyset = query.keyset
        self._user_id = user_id
        self._field = query.sample["text"][0]
        longest = max(words, key=lambda word: sum(map(str.isalnum, word)))
        self._text = f'"{longest}"'
        self._others = [word for word in words if word != longest]

    async def page(self, limit: int, cursor: str | None) -> Page:
        """Up to limit documents and the cursor of the next page. Raises InvalidInput for a bad cursor."""
        places = await self._begin(cursor)
        at_once = max(limit + 1, CANDIDATES) if self._others else limit + 1
        found: list[Document] = []
        while True:
            candidates = await self._first(places, at_once)
            found += [row for row in candidates if has_every(row[self._field], self._others)]
            if len(found) > limit:
                return found[:limit], self._keyset.encode(found[limit - 1])
            if len(candidates) < at_once:
                return found, None
            places = self._after(places, self._keyset.encode(candidates[-1]))
            at_once = min(2 * at_once, CANDIDATES_MAX)

    async def _begin(self, cursor: str | None) -> list[Document]:
        """The filters of all places, newest first: one, or one a week."""
        asked = {"user_id": self._user_id, "text": self._text}
        if "week" not in self._query.sample:
            return self._after([self._query.where(**asked)], cursor)
        weeks = await self._driver.aggregate(
            WEEKS.collection, [{"$match": WEEKS.where(user_id=self._user_id)}, *WEEKS.stages]
        )
        known = sorted((row["_id"] for row in weeks if row["_id"] is not None), reverse=True)
        return self._after([self._query.where(week=week, **asked) for week in known], cursor)

    def _after(self, places: Sequence[Document], cursor: str | None) -> list[Document]:
        """Of the cursor's week what comes after it, of later weeks nothing."""
        if cursor is None:
            return list(places)
        last = week_of(self._keyset.decode(cursor)[0])
        left = [place for place in places if place.get("week", last) <= last]
        if left and left[0].get("week", last) == last:
            left[0] = self._keyset.within(left[0], cursor)
        return left

    async def _first(self, places: Sequence[Document], limit: int) -> list[Document]:
        rows: list[Document] = []
        for start in range(0, len(places), WEEKS_AT_ONCE):
            some = union(self._query, places[start : start + WEEKS_AT_ONCE], limit - len(rows))
            rows += await self._driver.aggregate(self._query.collection, some)
            if len(rows) == limit:
                break
        return rows


def union(query: Query, places: Sequence[Document], limit: int) -> list[Document]:
    """The first documents of these places together; one is asked only where those before it have too few."""

    def of(place: Document) -> list[Document]:
        return [{"$match": place}, {"$sort": dict(query.order)}, {"$limit": limit}]

    others = [{"$unionWith": {"coll": query.collection, "pipeline": of(place)}} for place in places[1:]]
    return [*of(places[0]), *others, {"$limit": limit}]
