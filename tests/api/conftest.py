"""The application on real servers: one in this process, one as a process of its own."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from backend.config import Settings
from backend.services.scalable_database import ScalableDatabase
from tests.servers import Servers, SimulatorHandle
from tests.support.application import (
    Account,
    Served,
    WorkerProcess,
    prepare_database,
    serve,
    serve_process,
    settings_on,
)
from tests.support.chat import Chat
from tests.support.workers import one_process

OWN: dict[str, object] = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "aether", "events_lifetime": 0.2}
"""An identity provider that is away. Streams of updates end soon: some tests read every route to its end."""


@pytest.fixture(scope="session")
def prepare_name(servers: Servers) -> Callable[[str], None]:
    return partial(prepare_database, servers)


@pytest.fixture(scope="module")
def module_database_name(servers: Servers, prepare_name: Callable[[str], None]) -> Iterator[str]:
    with servers.prepared_database(prepare_name) as name:
        yield name


@pytest.fixture
def database_name(
    request: pytest.FixtureRequest, servers: Servers, prepare_name: Callable[[str], None]
) -> Iterator[str]:
    """As that of all tests, with the indexes and the administrator of an application in it."""
    if request.node.get_closest_marker("shared_database"):
        yield request.getfixturevalue("module_database_name")
    else:
        with servers.prepared_database(prepare_name) as name:
            yield name


@pytest.fixture
def app_settings(servers: Servers, database_name: str, tmp_path: Path, simulator: SimulatorHandle) -> Settings:
    """No limits, so that only tests of limits meet them."""
    return settings_on(servers, database_name, tmp_path / "data", **OWN)


@pytest.fixture
async def app_client(app_settings: Settings) -> AsyncIterator[Served]:
    async with serve(app_settings) as served:
        yield served


@pytest.fixture
async def served_simulated(app_settings: Settings) -> AsyncIterator[Served]:
    """As the launcher runs it where it started the simulator itself."""
    async with serve(app_settings.model_copy(update={"simulated": True})) as served:
        yield served


@pytest.fixture(scope="module")
def module_settings() -> dict[str, object]:
    """Of the module's worker: another module may have others."""
    return OWN


@pytest.fixture(scope="module")
def module_worker(
    servers: Servers,
    module_database_name: str,
    module_settings: dict[str, object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WorkerProcess]:
    folder = tmp_path_factory.mktemp("worker")
    with one_process(settings_on(servers, module_database_name, folder / "data", **module_settings), folder) as worker:
        yield worker


@pytest.fixture
def shared_worker(request: pytest.FixtureRequest) -> WorkerProcess | None:
    """That of the module, with the marker shared_database."""
    if request.node.get_closest_marker("shared_database") is None:
        return None
    worker: WorkerProcess = request.getfixturevalue("module_worker")
    return worker


@pytest.fixture
async def live_server(
    shared_worker: WorkerProcess | None, app_settings: Settings, tmp_path: Path
) -> AsyncIterator[Served]:
    """A worker process: for streams, disconnects, and for what it writes to its log."""
    process = shared_worker.client() if shared_worker else serve_process(app_settings, tmp_path / "worker.log")
    async with process as served:
        yield served


@pytest.fixture
async def user(app_client: Served) -> Account:
    return await app_client.new_user()


@pytest.fixture
async def admin(app_client: Served) -> Account:
    return await app_client.admin()


@pytest.fixture
def chat(app_client: Served, user: Account) -> Chat:
    return Chat(app_client, user)


@pytest.fixture
def database(app_client: Served) -> ScalableDatabase:
    assert app_client.services is not None
    return app_client.services.database
