"""Search among messages week by week, newest first: what it reads is bounded by what a user writes in a week.

A text index cannot be read in an order of time, so all that contains a word is fetched before the newest are known.
Its entries are therefore kept by week, and older weeks are asked only while the page is not full, in one command.
"""

from collections.abc import Mapping, Sequence

from backend.domain.search import week_of
from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.drivers import Driver
from backend.services.scalable_database.keyset import Keyset
from backend.services.scalable_database.queries import Query
from backend.services.scalable_database.reads import WEEKS

WEEKS_AT_ONCE = 100
Page = tuple[list[Document], str | None]


async def search_by_week(
    driver: Driver, query: Query, asked: Mapping[str, str], limit: int, cursor: str | None
) -> Page:
    """Up to limit documents and the cursor of the next page. asked: parameters of the query but the week.

    Raises InvalidInput for a bad cursor, and what the driver raises.
    """
    keyset = query.keyset
    if keyset is None:
        raise ValueError(f"{query.name} has no keyset")
    places = _places(query, keyset, asked, cursor, await _weeks(driver, asked["user_id"]))
    rows: list[Document] = []
    for start in range(0, len(places), WEEKS_AT_ONCE):
        missing = limit + 1 - len(rows)
        rows += await driver.aggregate(query.collection, union(query, places[start : start + WEEKS_AT_ONCE], missing))
        if len(rows) > limit:
            return rows[:limit], keyset.encode(rows[limit - 1])
    return rows, None


async def _weeks(driver: Driver, user_id: str) -> list[int]:
    """Newest first."""
    rows = await driver.aggregate(WEEKS.collection, [{"$match": WEEKS.where(user_id=user_id)}, *WEEKS.stages])
    return sorted((row["_id"] for row in rows if row["_id"] is not None), reverse=True)


def _places(
    query: Query, keyset: Keyset, asked: Mapping[str, str], cursor: str | None, weeks: Sequence[int]
) -> list[Document]:
    """The filter of each week: of the cursor's what comes after it, of later ones none."""
    if cursor is None:
        return [query.where(week=week, **asked) for week in weeks]
    last = week_of(keyset.decode(cursor)[0])
    places = [query.where(week=week, **asked) for week in weeks if week <= last]
    if places and places[0]["week"] == last:
        places[0] = keyset.within(places[0], cursor)
    return places


def union(query: Query, places: Sequence[Document], limit: int) -> list[Document]:
    """The first documents of these places together; one is asked only where those before it have too few."""

    def of(place: Document) -> list[Document]:
        return [{"$match": place}, {"$sort": dict(query.order)}, {"$limit": limit}]

    others = [{"$unionWith": {"coll": query.collection, "pipeline": of(place)}} for place in places[1:]]
    return [*of(places[0]), *others, {"$limit": limit}]
