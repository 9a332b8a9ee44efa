"""Identity without a database: its stores and its clock in memory, and one user in it."""

from collections.abc import AsyncIterator

import pytest

from backend.services.identity import Identity
from tests.support.identity import EMAIL, PASSWORD, World, running


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def identity(world: World) -> AsyncIterator[Identity]:
    async with running(world.identity()) as identity:
        await identity.register(EMAIL, PASSWORD, "Ada")
        yield identity
