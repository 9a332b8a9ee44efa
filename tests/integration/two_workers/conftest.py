"""Two worker processes that all tests of this folder share; every test has users of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.config import Settings
from tests.servers import Servers, SimulatorHandle
from tests.support.application import settings_on
from tests.support.workers import Processes, Workers, connected, two_processes


@pytest.fixture(scope="package")
def shared_settings(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with servers.database() as name:
        yield settings_on(servers, name, tmp_path_factory.mktemp("data"), stream_grace=1.0)


@pytest.fixture(scope="package")
def processes(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with two_processes(shared_settings, tmp_path_factory.mktemp("workers")) as processes:
        yield processes


@pytest.fixture
async def workers(processes: Processes, simulator: SimulatorHandle) -> AsyncIterator[Workers]:
    """The simulator has forgotten what other tests asked of it."""
    async with connected(processes) as workers:
        yield workers
