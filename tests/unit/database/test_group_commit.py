"""Group commit: at once where nothing is under way, together with what arrives meanwhile, in bounds."""

import asyncio
from collections.abc import Sequence

import pytest

from backend.errors import DatabaseUnavailable, Overloaded
from backend.services.scalable_database import Update, Write
from backend.services.turn_log import entries
from backend.services.turn_log.counters import Counters, counters_of
from backend.services.turn_log.entries import Entry, merged_writes
from backend.services.turn_log.group_commit import BATCH_CHARACTERS, GroupCommit
from tests.support.database.turns import COST, NOW, make_call, make_outcome, make_turn
from tests.support.waiting import eventually


class Committer:
    """Notes its batches; each waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def commit(self, entries: Sequence[Entry]) -> None:
        self.batches.append(len(entries))
        await self.gate.wait()
        if self.error:
            raise self.error
        for entry in entries:
            entry.acknowledge()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def committer() -> Committer:
    return Committer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def group_commit(committer: Committer, clock: Clock, batch_max: int = 10, queue_max: int = 100) -> GroupCommit:
    return GroupCommit(committer, batch_max=batch_max, queue_max=queue_max, clock=clock)


def make_entry(deadline: float = 10.0, size: int = 1_000) -> Entry:
    turn = make_turn()
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    return Entry(turn, None, True, deadline, future, entries.opening(turn), Counters(), size)


async def test_first_goes_alone_and_the_rest_together(committer: Committer, clock: Clock) -> None:
    commits = group_commit(committer, clock)
    commits.start()
    first = make_entry()
    commits.submit(first)
    await eventually(lambda: committer.batches == [1])
    others = [make_entry() for _ in range(25)]
    for entry in others:
        commits.submit(entry)
    committer.gate.set()
    await asyncio.gather(first.acknowledged, *(entry.acknowledged for entry in others))
    assert committer.batches == [1, 10, 10, 5]
    await commits.stop()


async def test_batch_is_bounded_by_size_too(committer: Committer, clock: Clock) -> None:
    commits = group_commit(committer, clock)
    commits.start()
    commits.submit(make_entry())
    await eventually(lambda: committer.batches == [1])
    large = [make_entry(size=BATCH_CHARACTERS // 2) for _ in range(4)]
    for entry in large:
        commits.submit(entry)
    committer.gate.set()
    await asyncio.gather(*(entry.acknowledged for entry in large))
    assert committer.batches == [1, 2, 2]
    await commits.stop()


async def test_entry_that_nobody_waits_for_any_more_is_not_written(committer: Committer, clock: Clock) -> None:
    commits = group_commit(committer, clock)
    commits.start()
    commits.submit(make_entry())
    await eventually(lambda: committer.batches == [1])
    late, fresh = make_entry(deadline=1.0), make_entry(deadline=9.0)
    commits.submit(late)
    commits.submit(fresh)
    clock.now = 2.0
    committer.gate.set()
    await fresh.acknowledged
    with pytest.raises(DatabaseUnavailable):
        await late.acknowledged
    assert committer.batches == [1, 1]
    await commits.stop()


async def test_fault_in_one_batch_does_not_end_the_log(committer: Committer, clock: Clock) -> None:
    commits = group_commit(committer, clock)
    commits.start()
    committer.error = ZeroDivisionError()
    committer.gate.set()
    commits.submit(bad := make_entry())
    with pytest.raises(ZeroDivisionError):
        await bad.acknowledged
    committer.error = None
    commits.submit(good := make_entry())
    await good.acknowledged
    await commits.stop()


async def test_log_that_was_not_started_or_is_full_refuses(committer: Committer, clock: Clock) -> None:
    commits = group_commit(committer, clock, queue_max=1)
    with pytest.raises(Overloaded):
        commits.submit(make_entry())
    commits.start()
    commits.submit(make_entry())
    with pytest.raises(Overloaded):
        commits.submit(make_entry())
    committer.gate.set()
    await commits.stop()


def make_close(user_id: str) -> tuple[list[Write], Counters]:
    turn, outcome = make_turn(user_id), make_outcome(make_call())
    return entries.closing(turn, outcome), counters_of(turn, outcome)


async def test_equal_counters_are_summed_into_one_write() -> None:
    batch = []
    for user_id in ("user_ada", "user_eve", "user_ada", "user_ada"):
        entry = make_entry()
        entry.writes, entry.counters = make_close(user_id)
        batch.append(entry)
    counters = [write for write in merged_writes(batch) if write.collection == "usage_daily"]
    assert len(counters) == 2
    ada = next(write for write in counters if isinstance(write, Update) and write.filter["user_id"] == "user_ada")
    assert ada.filter == {
        "user_id": "user_ada",
        "day": NOW.date().isoformat(),
        "model": make_call().model,
        "agent": "dev",
    }
    assert (ada.update["$inc"]["requests"], ada.update["$inc"]["cost"]) == (3, 3 * COST)
    assert ada.upsert


async def test_writes_are_one_run_a_stage() -> None:
    batch = [make_entry() for _ in range(5)]
    for entry in batch[:3]:
        entry.writes, entry.counters = make_close("user_ada")
    stages = [(write.collection, type(write).__name__) for write in merged_writes(batch)]
    runs = [stage for index, stage in enumerate(stages) if index == 0 or stages[index - 1] != stage]
    assert runs == [
        ("conversations", "Insert"),
        ("messages", "Insert"),
        ("messages", "Update"),
        ("ai_usage", "Insert"),
        ("conversations", "Update"),
        ("usage_daily", "Update"),
    ]
