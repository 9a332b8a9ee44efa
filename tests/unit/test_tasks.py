"""Tasks outlive their requests, not their owner."""

import asyncio

import pytest

from backend.services.tasks import TaskOwner, end


async def test_close_waits_for_tasks_and_for_those_that_they_start() -> None:
    owner, done = TaskOwner(), []

    async def child() -> None:
        await asyncio.sleep(0)
        done.append("child")

    async def parent() -> None:
        await asyncio.sleep(0)
        owner.spawn(child())

    owner.spawn(parent())
    await owner.close(5.0)
    assert done == ["child"]


async def test_what_a_cancelled_task_starts_as_it_ends_is_not_cancelled() -> None:
    owner, said = TaskOwner(), []

    async def last_words() -> None:
        await asyncio.sleep(0)
        said.append("goodbye")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            owner.spawn(last_words())

    owner.spawn(endless())
    await asyncio.sleep(0)
    await owner.close(0.0)
    assert said == ["goodbye"]


async def test_what_a_task_raises_is_logged_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    owner = TaskOwner()

    async def fails() -> None:
        raise ValueError

    owner.spawn(fails())
    await owner.close(1.0)
    assert "background_task_failed" in capsys.readouterr().out


async def test_a_task_ends_even_where_a_cancellation_is_lost_on_the_way() -> None:
    """As in asyncio.wait_for of Python 3.11, where a cancellation meets the end of what is waited for."""
    cancelled, waiting = 0, asyncio.Event()

    async def loses_a_cancellation() -> None:
        nonlocal cancelled
        while cancelled < 2:
            waiting.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    task = asyncio.create_task(loses_a_cancellation())
    await waiting.wait()
    async with asyncio.timeout(10):
        await end(task, None)
    assert task.done()
    assert cancelled == 2
