"""Fixtures for every test: real servers on free ports, a name of its own for each test, settings that use both."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from pydantic import SecretStr

from backend.config import Settings
from tests.servers import Servers, SimulatorHandle
from tests.support.launching import Launches
from tests.support.markers import LOGS, LOOKS_SECRET, files_below

MakeSettings = Callable[..., Settings]
OWN_SETTINGS = ("AETHER_", "MONGO_", "REDIS_", "GROQ_", "SMTP_", "OIDC_")

for name in [name for name in os.environ if name.startswith(OWN_SETTINGS)]:
    del os.environ[name]  # a developer's own key or database is none of the tests' business
os.environ["AETHER_TESTING"] = "1"  # providers then refuse every address but loopback

# By default an example that takes 0.2 s fails, as one of a busy machine's did.
hypothesis.settings.register_profile("aether", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("aether")
gc.disable()  # until all tests are collected: what is imported for them stays, and nobody need search it for garbage


def pytest_collection_finish() -> None:
    """Every later look for garbage leaves out what is there now: with it each took half a second."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Started at first use, ended with the session, whatever happens in it."""
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session", autouse=True)
def logs_without_secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the last test: no process that any test has run wrote a token or a hash."""
    yield
    written = files_below(tmp_path_factory.getbasetemp(), LOGS)
    assert sorted(name for name, text in written.items() if LOOKS_SECRET.search(text)) == []


@pytest.fixture(scope="session")
def mongo_url(servers: Servers) -> str:
    """A one-member replica set with enableTestCommands, for failCommand fail points."""
    return servers.mongo_url


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    return servers.redis_url


@pytest.fixture
def simulator(servers: Servers) -> SimulatorHandle:
    """The simulator of Groq's protocol, reset: no faults, no counts, gate open."""
    servers.simulator.reset()
    return servers.simulator


@pytest.fixture(scope="module")
def module_database_name(servers: Servers) -> Iterator[str]:
    with servers.database() as name:
        yield name


@pytest.fixture
def database_name(request: pytest.FixtureRequest, servers: Servers) -> Iterator[str]:
    """A database and a Redis key prefix of this test alone; with the marker shared_database, of its module."""
    if request.node.get_closest_marker("shared_database"):
        yield request.getfixturevalue("module_database_name")
    else:
        with servers.database() as name:
            yield name


@pytest.fixture
def namespace(database_name: str) -> str:
    return database_name


@pytest.fixture
def settings(tmp_path: Path, database_name: str) -> MakeSettings:
    """settings(field=value, ...): Settings of a test, by field names."""

    def make(**fields: object) -> Settings:
        defaults = {
            "mongo_db": database_name,
            "data_dir": tmp_path / "data",
            "secret_key": SecretStr("secret key of the tests, long enough"),
            "testing": True,
        }
        return Settings.model_validate({**defaults, **fields})

    return make


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launches]:
    """launch(): starts a launcher, on tmp_path/data. Nothing of it outlives the test."""
    launches = Launches(tmp_path)
    yield launches
    launches.end()
