"""What the browser has to load before somebody can write."""

from urllib.parse import urlsplit

from playwright.async_api import Request

from tests.e2e.conftest import Visit
from tests.support.browsing import DIST

LARGEST_BYTES = 200_000


async def test_the_first_load_is_small(visit: Visit) -> None:
    visitor = await visit(service_workers="block")
    await visitor.join()
    paths: set[str] = set()

    def remember(request: Request) -> None:
        paths.add(urlsplit(request.url).path)

    visitor.page.on("request", remember)
    await visitor.page.reload()
    await visitor.composer.wait_for()
    names = [path.removeprefix("/") for path in paths if path.endswith((".js", ".css"))]
    sizes = {name: (DIST / f"{name}.gz").stat().st_size for name in names if (DIST / f"{name}.gz").is_file()}
    assert len(sizes) > 2, sizes
    assert sum(sizes.values()) < LARGEST_BYTES, sizes
