"""Each middleware alone, on a tiny ASGI application."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import structlog
from fastapi import APIRouter, FastAPI
from starlette.types import Message, Receive, Scope, Send

from backend.middleware.body_limit import BodyLimitMiddleware
from backend.middleware.correlation import CorrelationMiddleware
from backend.middleware.crash import CrashMiddleware
from backend.middleware.drain import DrainMiddleware
from backend.middleware.overload import OverloadMiddleware
from backend.middleware.security_headers import SecurityHeadersMiddleware
from backend.middleware.timing import TimingMiddleware, category_of
from tests.support.asgi import Exchange, echo_length, ok, request
from tests.support.waiting import eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def explode(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("the words of a user")


@pytest.mark.parametrize("sent", ["abc", "A.b_c-9", "x" * 128])
async def test_a_well_formed_correlation_id_is_kept(sent: str) -> None:
    response = await request(CorrelationMiddleware(ok), headers={"X-Correlation-ID": sent})
    assert response.headers["x-correlation-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a;b", 'a"b', "a\tb"])
async def test_any_other_correlation_id_is_replaced(sent: str) -> None:
    response = await request(CorrelationMiddleware(ok), headers={"X-Correlation-ID": sent})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-correlation-id"])


@pytest.mark.parametrize("traceparent", [f"00-{TRACE}-00f067aa0ba902b7-01", f"cc-{TRACE}-00f067aa0ba902b7-01-later"])
async def test_the_trace_id_of_traceparent_becomes_the_correlation_id(traceparent: str) -> None:
    response = await request(CorrelationMiddleware(ok), headers={"traceparent": traceparent})
    assert response.headers["x-correlation-id"] == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-00f067aa0ba902b7-01-more",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
    ],
)
async def test_a_malformed_traceparent_is_ignored(traceparent: str) -> None:
    response = await request(CorrelationMiddleware(ok), headers={"traceparent": traceparent})
    assert response.headers["x-correlation-id"].lower() != TRACE


async def test_the_header_outranks_traceparent_and_reaches_the_log_and_the_routes() -> None:
    seen: dict[str, object] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(structlog.contextvars.get_contextvars(), state=scope["state"]["correlation_id"])
        await ok(scope, receive, send)

    headers = {"X-Correlation-ID": "mine", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    await request(CorrelationMiddleware(app), headers=headers)
    assert seen == {"correlation_id": "mine", "state": "mine"}
    assert "correlation_id" not in structlog.contextvars.get_contextvars()


async def test_a_crash_is_logged_once_and_answered_as_a_problem_with_the_correlation_id() -> None:
    app = CorrelationMiddleware(CrashMiddleware(explode))
    with structlog.testing.capture_logs() as lines:
        response = await request(app, headers={"X-Correlation-ID": "mine"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-correlation-id"] == "mine"
    assert response.json()["code"] == "internal_error"
    assert response.json()["correlation_id"] == "mine"
    assert "words of a user" not in response.text
    assert [line["event"] for line in lines] == ["unexpected_exception"]
    assert lines[0]["exc_info"] is True


async def test_a_crash_after_the_response_began_adds_nothing_to_it() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    exchange = Exchange([])
    with structlog.testing.capture_logs() as lines:
        await exchange.run(CrashMiddleware(half))
    assert [message["type"] for message in exchange.sent] == ["http.response.start"]
    assert lines[0]["response_started"] is True


@pytest.mark.parametrize(
    ("seconds", "category"),
    [
        (0.0999, "excellent"),
        (0.1, "good"),
        (0.3, "acceptable"),
        (0.9999, "acceptable"),
        (1.0, "slow"),
        (3.0, "very-slow"),
    ],
)
def test_categories_begin_at_their_limits(seconds: float, category: str) -> None:
    assert category_of(seconds) == category


class Reports(list[tuple[str, str, int, float]]):
    def __call__(self, route: str, method: str, status: int, seconds: float) -> None:
        self.append((route, method, status, seconds))


async def test_times_are_taken_when_the_response_begins() -> None:
    clock, reports = Clock(), Reports()

    async def slow_stream(scope: Scope, receive: Receive, send: Send) -> None:
        clock.now += 0.25
        await send({"type": "http.response.start", "status": 201, "headers": []})
        clock.now += 60
        await send({"type": "http.response.body", "body": b""})

    with structlog.testing.capture_logs() as lines:
        response = await request(TimingMiddleware(slow_stream, reports, clock), "POST")
    assert response.headers["x-response-time"] == "250.0"
    assert response.headers["x-performance-category"] == "good"
    assert reports == [("unmatched", "POST", 201, 0.25)]
    assert lines == [
        {
            "event": "request",
            "log_level": "info",
            "method": "POST",
            "route": "unmatched",
            "status": 201,
            "ms": 250.0,
            "total_ms": 60_250.0,
        }
    ]


async def test_a_client_that_leaves_before_an_answer_counts() -> None:
    clock, reports = Clock(), Reports()

    async def leave(scope: Scope, receive: Receive, send: Send) -> None:
        clock.now += 2

    await Exchange([]).run(TimingMiddleware(leave, reports, clock))
    assert reports == [("unmatched", "POST", 499, 2.0)]


async def test_the_route_template_is_reported_and_never_the_path() -> None:
    reports, app, own, outer = Reports(), FastAPI(), APIRouter(prefix="/things"), APIRouter(prefix="/outer")

    @own.get("/{thing}")
    async def thing(thing: str) -> str:
        return thing

    outer.include_router(own, prefix="/inner")
    app.include_router(own)
    app.include_router(outer, prefix="/api")
    app.add_middleware(TimingMiddleware, on_request=reports)
    for method, path in (
        ("GET", "/things/1?q=secret"),
        ("GET", "/api/outer/inner/things/1"),
        ("PUT", "/things/2"),
        ("GET", "/wp-admin"),
        ("BREW", "/things/3"),
    ):
        await request(app, method, path)
    assert [report[:3] for report in reports] == [
        ("/things/{thing}", "GET", 200),
        ("/api/outer/inner/things/{thing}", "GET", 200),
        ("/things/{thing}", "PUT", 405),
        ("unmatched", "GET", 404),
        ("/things/{thing}", "OTHER", 405),
    ]


async def test_security_headers_are_on_every_answer_and_nothing_is_stored_unasked() -> None:
    app = SecurityHeadersMiddleware(ok)
    page, api = await request(app, path="/"), await request(app, path="/api/auth/me")
    for response in (page, api):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert "strict-transport-security" not in response.headers
        assert response.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "script-src" not in api.headers["content-security-policy"]
    encrypted = await request(app, base_url="https://aether.example")
    assert encrypted.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_what_a_route_set_itself_stays() -> None:
    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"no-cache")]})
        await send({"type": "http.response.body", "body": b""})

    response = await request(SecurityHeadersMiddleware(own), path="/api/x")
    assert response.headers.get_list("cache-control") == ["no-cache"]


async def chunks(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_a_body_of_exactly_the_limit_passes() -> None:
    response = await request(BodyLimitMiddleware(echo_length, 1000), "POST", content=b"x" * 1000)
    assert (response.status_code, response.text) == (200, "1000")


async def test_a_declared_body_over_the_limit_is_refused_before_the_application_runs() -> None:
    response = await request(CorrelationMiddleware(BodyLimitMiddleware(explode, 1000)), "POST", content=b"x" * 1001)
    assert response.status_code == 413
    assert response.headers["connection"] == "close"
    assert response.json()["code"] == "payload_too_large"
    assert response.json()["correlation_id"] == response.headers["x-correlation-id"]


async def test_a_chunked_body_is_counted_while_it_arrives() -> None:
    app = BodyLimitMiddleware(echo_length, 1000)
    assert (await request(app, "POST", content=chunks(10, 100))).text == "1000"
    assert (await request(app, "POST", content=chunks(11, 100))).status_code == 413


async def test_the_application_gets_nothing_of_a_refused_body_and_cannot_answer() -> None:
    seen: list[Message] = []

    async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request":
            seen.append(message)
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})

    exchange = Exchange([{"type": "http.request", "body": b"x" * 600, "more_body": True}] * 5)
    await exchange.run(BodyLimitMiddleware(stubborn, 1000))
    assert [len(message["body"]) for message in seen] == [600]
    assert [message.get("status") for message in exchange.sent] == [413, None, None]
    assert exchange.sent[-1]["more_body"] is False


async def test_a_client_that_never_stops_sending_is_cut_off() -> None:
    endless = ({"type": "http.request", "body": b"x" * 1_000_000, "more_body": True} for _ in range(1000))
    exchange = Exchange(endless)
    await exchange.run(BodyLimitMiddleware(echo_length))
    assert exchange.status == 413
    assert exchange.received < 12_000_000


@pytest.mark.parametrize("length", [b"1001", b"9" * 5000])
async def test_a_refusal_by_length_never_trusts_the_number(length: bytes) -> None:
    exchange = Exchange([{"type": "http.disconnect"}], headers=[(b"content-length", length)])
    await exchange.run(BodyLimitMiddleware(explode, 1000))
    assert exchange.status == 413


async def test_while_draining_connections_are_not_kept() -> None:
    draining = False
    app = DrainMiddleware(ok, lambda: draining)
    assert "connection" not in (await request(app)).headers
    draining = True
    assert (await request(app)).headers["connection"] == "close"


async def test_a_full_worker_refuses_at_once_and_says_when_to_come_back() -> None:
    release, inside = asyncio.Event(), []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith("/api/health/"):
            inside.append(scope)
            await release.wait()
        await ok(scope, receive, send)

    app = OverloadMiddleware(slow, limit=3)
    served = [asyncio.create_task(request(app)) for _ in range(3)]
    await eventually(lambda: len(inside) == 3)
    refused = await asyncio.wait_for(request(app), 1.0)
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert (await request(app, path="/api/health/live")).status_code == 200
    release.set()
    assert [answer.status_code for answer in await asyncio.gather(*served)] == [200] * 3
    assert (await request(app)).status_code == 200


async def test_streams_that_wait_take_no_places_of_requests_nor_requests_theirs() -> None:
    release, inside = asyncio.Event(), []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        inside.append(scope)
        await release.wait()
        await ok(scope, receive, send)

    app = OverloadMiddleware(slow, limit=1, idle={"/api/events": 2})
    paths = ("/api/events", "/api/events", "/api/conversations")
    served = [asyncio.create_task(request(app, path=path)) for path in paths]
    await eventually(lambda: len(inside) == 3)
    for path in ("/api/events", "/api/folders"):
        assert (await asyncio.wait_for(request(app, path=path), 1.0)).status_code == 503
    release.set()
    assert [answer.status_code for answer in await asyncio.gather(*served)] == [200] * 3


async def test_a_request_that_fails_or_is_cancelled_leaves_its_place() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    explosive, endless = OverloadMiddleware(explode, limit=1), OverloadMiddleware(never, limit=1)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await request(explosive)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(request(endless), 0.01)
