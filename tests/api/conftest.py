"""The application on real servers: one in this process, one as a process of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.config import Settings
from tests.conftest import MakeSettings
from tests.servers import SimulatorHandle
from tests.support.application import ADMIN_EMAIL, PASSWORD, Account, Served, serve, serve_process


@pytest.fixture
def app_settings(settings: MakeSettings, mongo_url: str, redis_url: str, simulator: SimulatorHandle) -> Settings:
    """Real MongoDB, Valkey and simulator; no limits, so that only tests of limits meet them.

    There is an identity provider, which is away. Streams of updates end soon: some tests read every route to its end.
    """
    return settings(
        mongo_url=SecretStr(mongo_url),
        redis_url=SecretStr(redis_url),
        redis_timeout=1.0,
        groq_base_url=simulator.url,
        groq_api_key=SecretStr("a key for the simulator"),
        admin_email=ADMIN_EMAIL,
        admin_password=SecretStr(PASSWORD),
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="aether",
        limit_chat=None,
        limit_auth=None,
        limit_concurrency=None,
        limit_upload=None,
        limit_search=None,
        limit_entry=None,
        limit_refresh=None,
        mongo_pool_min=0,
        events_lifetime=0.2,
    )


@pytest.fixture
async def app_client(app_settings: Settings) -> AsyncIterator[Served]:
    async with serve(app_settings) as served:
        yield served


@pytest.fixture
async def served_simulated(app_settings: Settings) -> AsyncIterator[Served]:
    """As the launcher runs it where it started the simulator itself."""
    async with serve(app_settings.model_copy(update={"simulated": True})) as served:
        yield served


@pytest.fixture
async def live_server(app_settings: Settings, tmp_path: Path) -> AsyncIterator[Served]:
    """A worker process: for streams, disconnects, and for what it writes to its log."""
    async with serve_process(app_settings, tmp_path / "worker.log") as served:
        yield served


@pytest.fixture
async def user(app_client: Served) -> Account:
    return await app_client.new_user()


@pytest.fixture
async def admin(app_client: Served) -> Account:
    return await app_client.admin()
