"""What the edge does for every answer: caching, compression, other origins."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from backend.config import Settings
from tests.support.application import PASSWORD, Account, Served, serve
from tests.support.openapi import operations

pytestmark = pytest.mark.shared_database

KEPT = {"/api/ai/v4/agents/available": "private, no-cache", "/api/ai/v4/models": "private, no-cache"}
PUBLIC = {"/": "no-cache", "/openapi.json": "public, no-cache"}
COMPRESSED = {"Accept-Encoding": "gzip"}
ORIGIN = "https://chat.example.com"
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "x-permitted-cross-domain-policies": "none",
}


async def test_nothing_is_stored_but_what_is_named_here(app_client: Served, user: Account, admin: Account) -> None:
    """Nor can a private answer be kept by a proxy."""
    document = (await app_client.client.get("/openapi.json")).json()
    paths = {operation.url() for operation in operations(document) if operation.method == "GET"} | set(PUBLIC)
    assert set(KEPT) < paths
    for path in paths | {"/nowhere", "/api/nowhere"}:
        for headers in (user.headers, admin.headers, {}):
            answer = await app_client.client.get(path, headers=headers)
            expected = {**KEPT, **PUBLIC}.get(path, "no-store") if answer.status_code == 200 else "no-store"
            assert answer.headers.get_list("cache-control") == [expected], (path, answer.status_code)
            assert ("etag" in answer.headers) == (expected != "no-store"), path


@pytest.mark.parametrize("path", [*KEPT, *PUBLIC])
async def test_what_is_known_is_not_sent_again(app_client: Served, user: Account, path: str) -> None:
    client = app_client.client
    first = await client.get(path, headers={**user.headers, **COMPRESSED})
    known = {**COMPRESSED, "If-None-Match": first.headers["etag"]}
    again = await client.get(path, headers={**user.headers, **known})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["vary"] == "Accept-Encoding"
    if path in KEPT:
        assert (await client.get(path, headers=known)).status_code == 401


async def test_answers_are_compressed_counted_and_the_same(app_client: Served, user: Account, admin: Account) -> None:
    client, before = app_client.client, await compression(app_client, admin)
    plain = await client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    for encoding in ("gzip", "zstd"):
        answer = await client.get("/openapi.json", headers={"Accept-Encoding": encoding})
        assert answer.headers["content-encoding"] == encoding
        assert int(answer.headers["content-length"]) < len(plain.content) / 5
    assert (await client.get("/openapi.json", headers=COMPRESSED)).content == plain.content
    after = await compression(app_client, admin)
    counted = {name: value - before.get(name, 0) for name, value in after.items()}
    assert counted["aether_http_compressed_responses_total", "gzip"] == 2
    assert counted["aether_http_compressed_responses_total", "zstd"] == 1
    assert counted["aether_http_compression_input_bytes_total", "gzip"] == 2 * len(plain.content)
    assert 0 < counted["aether_http_compression_output_bytes_total", "zstd"] < len(plain.content) / 5


async def compression(served: Served, admin: Account) -> dict[tuple[str, str], float]:
    """(metric, encoding) -> value; uncompressed, so that asking changes nothing."""
    headers = {**admin.headers, "Accept-Encoding": "identity"}
    text = (await served.client.get("/metrics", headers=headers)).text
    lines = [line for line in text.splitlines() if line.startswith("aether_http_compress")]
    return {(line.split("{")[0], line.split('"')[1]): float(line.split()[-1]) for line in lines}


async def test_an_export_is_compressed_while_it_is_written(app_client: Served, user: Account) -> None:
    answer = await app_client.client.get("/api/auth/me/export", headers={**user.headers, **COMPRESSED})
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-length" not in answer.headers
    assert answer.json()["user"]["email"] == user.email


async def test_streams_and_answers_with_tokens_are_not_compressed(app_client: Served, user: Account) -> None:
    body = {"message": "Tell me a long story. " * 100}
    stream = await app_client.client.post(
        "/api/ai/v4/chat/stream", json=body, headers={**user.headers, "Accept-Encoding": "gzip, zstd"}
    )
    login = await app_client.client.post(
        "/api/auth/login", json={"email": user.email, "password": PASSWORD}, headers={"Accept-Encoding": "gzip, zstd"}
    )
    assert len(stream.content) > 1024
    for answer in (stream, login):
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers


async def test_every_kind_of_answer_has_the_security_headers(app_client: Served, user: Account) -> None:
    client = app_client.client
    answers = [
        await client.get("/"),
        await client.get("/openapi.json", headers={"If-None-Match": "*"}),
        await client.get("/api/auth/me"),
        await client.get("/api/auth/me", headers=user.headers),
        await client.post("/api/auth/login", content=b"x" * 1_000_001),
        await client.get("/nowhere"),
        await client.options("/api/auth/login"),
    ]
    assert [answer.status_code for answer in answers] == [200, 304, 401, 200, 413, 404, 405]
    for answer in answers:
        assert SECURITY.items() <= dict(answer.headers).items(), answer.status_code
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "camera=()" in answer.headers["permissions-policy"]
        assert "server" not in answer.headers


async def test_no_telemetry_is_looked_for(app_client: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says: the framework would ask for a provider of it at every request."""
    asked: list[str] = []
    for name in ("trace.get_tracer_provider", "metrics.get_meter_provider", "_logs.get_logger_provider"):
        monkeypatch.setattr(f"opentelemetry.{name}", lambda name=name: asked.append(name))
    assert (await app_client.client.get("/api/health/live")).status_code == 200
    assert asked == []


async def preflight(served: Served, origin: str, header: str = "Authorization, Content-Type") -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": header}
    return await served.client.options("/api/ai/v4/chat/optimized", headers=headers)


async def test_no_other_origin_may_call_by_default(app_client: Served, user: Account) -> None:
    answers = [
        await preflight(app_client, ORIGIN),
        await app_client.client.get("/api/auth/me", headers={**user.headers, "Origin": ORIGIN}),
    ]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.fixture
async def shared(app_settings: Settings) -> AsyncIterator[Served]:
    async with serve(app_settings.model_copy(update={"cors_origins": (ORIGIN,)})) as served:
        yield served


async def test_named_origins_may_call_with_tokens_and_read_what_they_need(shared: Served) -> None:
    user = await shared.new_user()
    asked = await preflight(shared, ORIGIN)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert SECURITY.items() <= dict(asked.headers).items()
    assert "x-correlation-id" in asked.headers
    body = {"message": "What is a monad?"}
    answer = await shared.client.post("/api/ai/v4/chat/quick", json=body, headers={**user.headers, "Origin": ORIGIN})
    refused = await shared.client.post("/api/ai/v4/chat/quick", json=body, headers={"Origin": ORIGIN})
    assert (answer.status_code, refused.status_code) == (200, 401)
    for each in (answer, refused):
        assert each.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in each.headers["vary"]
        exposed = {name.strip().lower() for name in each.headers["access-control-expose-headers"].split(",")}
        assert exposed > {"x-correlation-id", "retry-after", "idempotency-replayed", "x-ratelimit-remaining"}
        assert "access-control-allow-credentials" not in each.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{ORIGIN}.evil.example", "http://chat.example.com", "null"]
)
async def test_any_other_origin_is_refused(shared: Served, origin: str) -> None:
    user = await shared.new_user()
    asked = await preflight(shared, origin)
    answer = await shared.client.get("/api/auth/me", headers={**user.headers, "Origin": origin})
    assert asked.status_code == 400
    for each in (asked, answer):
        assert "access-control-allow-origin" not in each.headers


@pytest.mark.parametrize(
    "origins", ["*", "null", "https://*.example.com", "https://chat.example.com/", "chat.example.com"]
)
def test_origins_are_exact(origins: str) -> None:
    with pytest.raises(ValidationError, match="origins such as"):
        Settings.model_validate({"cors_origins": origins})
    assert Settings.model_validate({"cors_origins": f"{ORIGIN}, http://[::1]:5173"}).cors_origins == (
        ORIGIN,
        "http://[::1]:5173",
    )
