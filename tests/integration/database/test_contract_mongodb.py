"""The contract of repositories and turn log, here on a real MongoDB through both drivers."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.servers import Servers
from tests.support.database.contract.api_keys import *  # noqa: F403
from tests.support.database.contract.audit import *  # noqa: F403
from tests.support.database.contract.calibration import *  # noqa: F403
from tests.support.database.contract.conversations import *  # noqa: F403
from tests.support.database.contract.external_identities import *  # noqa: F403
from tests.support.database.contract.feedback import *  # noqa: F403
from tests.support.database.contract.mail_links import *  # noqa: F403
from tests.support.database.contract.people import *  # noqa: F403
from tests.support.database.contract.prompts import *  # noqa: F403
from tests.support.database.contract.reports import *  # noqa: F403
from tests.support.database.contract.second_factors import *  # noqa: F403
from tests.support.database.contract.shared_state import *  # noqa: F403
from tests.support.database.contract.turns import *  # noqa: F403
from tests.support.database.opening import opened


@pytest.fixture(scope="session")
def create_indexes(mongo_url: str) -> Callable[[str], None]:
    async def created(name: str) -> None:
        async with opened(mongo_url, name) as database:
            await database.ensure_indexes()

    return lambda name: asyncio.run(created(name))


@pytest.fixture
def database_name(servers: Servers, create_indexes: Callable[[str], None]) -> Iterator[str]:
    with servers.prepared_database(create_indexes) as name:
        yield name
