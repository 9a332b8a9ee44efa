"""One browser and one worker for all tests of this folder; every test has profiles and users of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from backend.config import Settings
from tests.servers import Servers, SimulatorHandle
from tests.support.application import WorkerProcess, settings_on
from tests.support.browsing import Site, Visitor, browser_arguments, build_page, chromium
from tests.support.database.opening import opened
from tests.support.workers import one_process

Visit = Callable[..., Awaitable[Visitor]]

HERE = __name__.rpartition(".")[0].replace(".", "/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser lives in one event loop, that of the session."""
    for item in items:
        if HERE in item.path.as_posix():
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=browser_arguments())
        yield browser
        await browser.close()


@pytest.fixture(scope="package")
def site_settings(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with servers.database() as name:
        yield settings_on(servers, name, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="package")
def worker(site_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    build_page()
    folder = tmp_path_factory.mktemp("site")
    (folder / "metrics").mkdir()
    with one_process(site_settings, folder, PROMETHEUS_MULTIPROC_DIR=str(folder / "metrics")) as worker:
        yield worker


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def site(browser: Browser, worker: WorkerProcess) -> AsyncIterator[Site]:
    """After the browser: where there is none, no server is started."""
    settings = worker.settings
    async with worker.client(), opened(settings.mongo_url.get_secret_value(), settings.mongo_db) as database:
        yield Site(worker.url, database)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, site: Site, simulator: SimulatorHandle) -> AsyncIterator[Visit]:
    """visit(...): somebody opens the site in a profile of their own. The simulator has forgotten other tests."""
    async with AsyncExitStack() as stack:

        async def arrive(**options: Any) -> Visitor:  # noqa: ANN401 (options of Playwright's)
            visitor = await Visitor.arrive(browser, site, **options)
            stack.push_async_callback(visitor.leave)
            return visitor

        yield arrive
