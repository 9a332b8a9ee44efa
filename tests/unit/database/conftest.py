"""The in-memory database: the repositories without a server."""

from collections.abc import AsyncIterator

import pytest

from backend.services.scalable_database import ScalableDatabase
from tests.support.database.opening import opened

pytest.register_assert_rewrite("tests.support.database.contract")


@pytest.fixture
async def database() -> AsyncIterator[ScalableDatabase]:
    async with opened("memory://", "aether") as database:
        yield database
