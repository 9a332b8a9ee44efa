"""Search over the weeks in which a user wrote: whatever the week, newest first, page by page, and only their own."""

import asyncio
from datetime import datetime, timedelta

from backend.services.repositories.messages import MessageRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.scalable_database.text_search import WEEKS_AT_ONCE
from tests.support.database.opening import started
from tests.support.database.turns import NOW, make_outcome, make_turn

WEEK = timedelta(weeks=1)


async def ask(database: ScalableDatabase, user_id: str, text: str, *instants: datetime) -> None:
    async with started(database) as log:
        turns = [make_turn(user_id, content=text, created_at=at) for at in instants]
        await asyncio.gather(*(log.record(turn, make_outcome(content="An answer.")) for turn in turns))


async def found(database: ScalableDatabase, words: list[str], limit: int) -> list[datetime]:
    """All pages one after another."""
    instants, cursor = [], None
    while True:
        page, cursor = await MessageRepository(database).search("user_ada", words, limit, cursor)
        assert len(page) == limit or cursor is None
        instants += [message.created_at for message in page]
        if cursor is None:
            return instants


async def test_pages_go_from_week_to_week_and_miss_nothing(database: ScalableDatabase) -> None:
    in_one_week = [NOW - timedelta(minutes=minutes) for minutes in (0, 0, 1, 2)]
    common = sorted([*in_one_week, NOW - WEEK, NOW - 3 * WEEK, NOW - 3 * WEEK, NOW - 60 * WEEK], reverse=True)
    await ask(database, "user_ada", "A platypus", *common)
    await ask(database, "user_ada", "A kangaroo", NOW - 2 * WEEK)
    await ask(database, "user_eve", "A platypus", NOW - 4 * WEEK)
    for limit in (1, 3, 100):
        assert await found(database, ["platypus"], limit) == common
    assert await found(database, ["kangaroo"], 5) == [NOW - 2 * WEEK]
    assert await found(database, ["kangaroo", "platypus"], 5) == []


async def test_every_word_counts_whatever_its_case_and_accents(database: ScalableDatabase) -> None:
    both = [NOW - number * WEEK for number in range(3)]
    await ask(database, "user_ada", "The Kängaroo", *(NOW - number * timedelta(hours=1) for number in range(150)))
    await ask(database, "user_ada", "A KANGAROO and a Señor", *both)
    for limit in (2, 100):
        assert await found(database, ["señor", "kangaroo"], limit) == both
        assert await found(database, ["kangaroo", "SENOR"], limit) == both
    assert await found(database, ["senor", "--"], 5) == []


async def test_a_word_of_long_ago_is_found_beyond_the_weeks_that_are_asked_at_once(database: ScalableDatabase) -> None:
    await ask(database, "user_ada", "A kangaroo", *(NOW - number * WEEK for number in range(WEEKS_AT_ONCE)))
    long_ago = NOW - (WEEKS_AT_ONCE + 1) * WEEK
    await ask(database, "user_ada", "A platypus", long_ago)
    assert await found(database, ["platypus"], 5) == [long_ago]
