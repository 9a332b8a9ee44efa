"""Idempotency keys while callers leave and writes fail."""

import asyncio
from typing import cast

import pytest

from backend.errors import DatabaseUnavailable, IdempotencyMismatch, UpstreamError
from backend.services.enhanced_ai_service.idempotency import Idempotency
from backend.services.repositories.idempotency import IdempotencyRepository
from backend.services.tasks import TaskOwner
from tests.support.ai import ADA, MemoryKeys
from tests.support.waiting import eventually


class Worked:
    """Counts how often the work was done."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times = 0
        self._error = error

    async def __call__(self) -> bytes:
        self.times += 1
        if self._error:
            raise self._error
        return b'{"n":%d}' % self.times


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def idempotency(keys: MemoryKeys) -> Idempotency:
    return Idempotency(cast(IdempotencyRepository, keys), TaskOwner(), deadline_s=5.0)


async def test_a_second_caller_gets_the_first_answer(idempotency: Idempotency) -> None:
    work = Worked()
    assert await idempotency.run(ADA, "k", b"body", work) == (b'{"n":1}', False)
    assert await idempotency.run(ADA, "k", b"body", work) == ({"n": 1}, True)
    with pytest.raises(IdempotencyMismatch):
        await idempotency.run(ADA, "k", b"other", work)
    assert work.times == 1


async def test_leaving_while_the_key_is_taken_gives_it_back(idempotency: Idempotency, keys: MemoryKeys) -> None:
    keys.beginning.clear()
    running = asyncio.ensure_future(idempotency.run(ADA, "k", b"body", Worked()))
    await eventually(lambda: "k" in keys.keys)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    keys.beginning.set()
    await eventually(lambda: "k" not in keys.keys)


async def test_leaving_during_the_work_gives_the_key_back(idempotency: Idempotency, keys: MemoryKeys) -> None:
    begun = asyncio.Event()

    async def work() -> bytes:
        begun.set()
        await asyncio.Event().wait()
        return b""

    running = asyncio.ensure_future(idempotency.run(ADA, "k", b"body", work))
    await begun.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await eventually(lambda: "k" not in keys.keys)


async def test_leaving_while_the_answer_is_kept_keeps_it(idempotency: Idempotency, keys: MemoryKeys) -> None:
    keys.finishing.clear()
    work = Worked()
    running = asyncio.ensure_future(idempotency.run(ADA, "k", b"body", work))
    await eventually(lambda: work.times == 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    keys.finishing.set()
    assert await idempotency.run(ADA, "k", b"body", work) == ({"n": 1}, True)


async def test_a_key_that_cannot_be_written_never_hides_the_result(idempotency: Idempotency, keys: MemoryKeys) -> None:
    keys.error = DatabaseUnavailable("away")
    assert await idempotency.run(ADA, "k", b"body", Worked()) == (b'{"n":1}', False)
    with pytest.raises(UpstreamError):
        await idempotency.run(ADA, "k2", b"body", Worked(UpstreamError("no")))
