"""Real databases through both drivers."""

from collections.abc import AsyncIterator

import pytest

from backend.services.scalable_database import ScalableDatabase
from tests.support.database.opening import DRIVERS, Driver, opened

pytest.register_assert_rewrite("tests.support.database.contract")


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Driver:
    chosen: Driver = request.param
    return chosen


@pytest.fixture
async def database(mongo_url: str, database_name: str, driver: Driver) -> AsyncIterator[ScalableDatabase]:
    async with opened(mongo_url, database_name, driver) as database:
        await database.ensure_indexes()
        yield database
