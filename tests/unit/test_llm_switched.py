"""Calls that an administrator stops while they wait for a model."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from backend.errors import ModelUnavailable
from backend.services.llm.provider import ChatRequest, Chunk
from backend.services.llm.scripted import ScriptedProvider
from backend.services.llm.switched import Switched
from tests.unit.llm_support import Clock


class Switch:
    enabled = True
    stop: Callable[[], None]

    def on_disabled(self, handler: Callable[[], None]) -> None:
        self.stop = handler


class Silent(ScriptedProvider):
    """Says one token, then nothing for ever."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        yield Chunk("token")
        await asyncio.get_running_loop().create_future()


async def reading(switch: Switch) -> "asyncio.Task[None]":
    """A task that has read one chunk and waits for the next."""
    begun = asyncio.Event()
    provider = Switched(Silent(), switch)

    async def read() -> None:
        async for _ in provider.stream(Clock().request()):
            begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    await asyncio.sleep(0)
    return task


async def test_a_stream_that_is_switched_off_ends_at_once_and_its_task_goes_on() -> None:
    switch = Switch()
    task = await reading(switch)
    switch.stop()
    with pytest.raises(ModelUnavailable):
        await task
    assert task.cancelling() == 0


async def test_whoever_is_cancelled_as_well_is_cancelled() -> None:
    switch = Switch()
    task = await reading(switch)
    switch.stop()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
