"""The web page's files: which of them are served, in which form, and for how long browsers keep them."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from backend.routes.home import page_router
from backend.routes.problems import install_problem_handlers

SCRIPT = "assets/index-abc123.js"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page as the build leaves it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Aether</title>")
    (folder / "theme.js").write_text("/* theme */")
    (folder / "diagram.html").write_text("<!doctype html><title>Diagrams</title>")
    (folder / ".sources").write_text("the build's own")
    (folder / SCRIPT).write_text("plain")
    (folder / f"{SCRIPT}.br").write_text("as brotli")
    (folder / f"{SCRIPT}.gz").write_text("as gzip")
    (tmp_path / "secret.txt").write_text("beside the page")
    return folder


@pytest.fixture
def client(built: Path) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(page_router(built))
    install_problem_handlers(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aether.example")


@pytest.mark.parametrize("path", ["/", "/admin"])
async def test_the_entry_is_asked_for_each_time_and_sent_once(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_changed_entry_has_another_tag(client: httpx.AsyncClient, built: Path) -> None:
    before = (await client.get("/")).headers["etag"]
    (built / "index.html").write_text("<!doctype html><title>Another</title>")
    app = FastAPI()
    app.include_router(page_router(built))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aether.example") as newer:
        assert (await newer.get("/")).headers["etag"] != before


@pytest.mark.parametrize(
    ("accepted", "coding", "content"),
    [
        ("gzip, deflate, br", "br", "as brotli"),
        ("gzip;q=1.0, br;q=0", "gzip", "as gzip"),
        ("identity", None, "plain"),
        ("", None, "plain"),
        ("*", "br", "as brotli"),
    ],
)
async def test_the_best_form_that_the_browser_accepts(
    client: httpx.AsyncClient, accepted: str, coding: str | None, content: str
) -> None:
    async with client.stream("GET", f"/{SCRIPT}", headers={"accept-encoding": accepted}) as response:
        assert b"".join([part async for part in response.aiter_raw()]) == content.encode()
    assert response.headers.get("content-encoding") == coding
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_forms_have_tags_of_their_own(client: httpx.AsyncClient) -> None:
    tags = set()
    for accepted in ("br", "gzip", "identity"):
        async with client.stream("GET", f"/{SCRIPT}", headers={"accept-encoding": accepted}) as response:
            tags.add(response.headers["etag"])
    assert len(tags) == 3


async def test_other_files_of_the_page_are_asked_for_each_time(client: httpx.AsyncClient) -> None:
    assert (await client.get("/theme.js")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing.js",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        f"/{SCRIPT}.br",
        "/.sources",
        "/secret.txt",
    ],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_what_is_shown_in_a_frame_has_a_policy_of_its_own(client: httpx.AsyncClient) -> None:
    framed = await client.get("/diagram.html")
    policy = framed.headers["content-security-policy"]
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'unsafe-inline';")
    assert "connect-src" not in policy
    assert "content-security-policy" not in (await client.get("/theme.js")).headers
