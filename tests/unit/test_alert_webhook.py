"""The webhook against a real HTTP server on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import web

from backend.domain.alerts import Alert
from backend.services.performance_monitor.evaluation import Transition
from backend.services.performance_monitor.webhook import WAITING_MAX, Webhook

FIRED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ALERT = Alert("alert_1", "cost_per_hour", "critical", "usd", 12 * 10**12, 10 * 10**12, 3600, "Models cost", FIRED)
FIRING = Transition("firing", ALERT)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/hook", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/hook"
    finally:
        await runner.cleanup()


async def test_transitions_arrive_in_order() -> None:
    received: list[dict[str, object]] = []

    async def take(request: web.Request) -> web.Response:
        received.append(json.loads(await request.read()))
        return web.Response()

    resolved = Transition("resolved", replace(ALERT, resolved_at=FIRED + timedelta(minutes=5), resolved_value=1))
    async with server(take) as url:
        webhook = Webhook(url)
        await webhook.start()
        webhook.post(FIRING)
        webhook.post(resolved)
        await webhook.close()
    assert [body["event"] for body in received] == ["alert_firing", "alert_resolved"]
    assert received[0] == {
        "event": "alert_firing",
        "text": "[critical] firing: Models cost",
        "id": "alert_1",
        "rule": "cost_per_hour",
        "severity": "critical",
        "value": "12 USD",
        "threshold": "10 USD",
        "window": 3600,
        "fired_at": "2026-11-22T12:00:00Z",
        "resolved_at": None,
    }
    assert received[1]["resolved_at"] == "2026-11-22T12:05:00Z"


async def test_a_server_that_hangs_is_left_at_the_deadline_and_the_next_post_goes_on() -> None:
    calls = 0
    second = asyncio.Event()

    async def hang_once(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.sleep(30)
        second.set()
        return web.Response()

    async with server(hang_once) as url:
        webhook = Webhook(url, timeout_s=0.2)
        await webhook.start()
        with structlog.testing.capture_logs() as logs:
            webhook.post(FIRING)
            webhook.post(FIRING)
            await asyncio.wait_for(second.wait(), 10)
        await webhook.close()
    assert [(line["event"], line["rule"]) for line in logs] == [("alert_webhook_failed", "cost_per_hour")]


async def test_a_refusal_is_logged_and_redirects_are_not_followed() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})

    async with server(refuse) as url:
        webhook = Webhook(url)
        await webhook.start()
        with structlog.testing.capture_logs() as logs:
            webhook.post(FIRING)
            await webhook.close()
    assert [(line["event"], line["status"]) for line in logs] == [("alert_webhook_refused", 302)]


async def test_nobody_listening_is_a_log_line() -> None:
    async def unused(request: web.Request) -> web.Response:
        return web.Response()

    async with server(unused) as url:
        gone = url
    webhook = Webhook(gone)
    await webhook.start()
    with structlog.testing.capture_logs() as logs:
        webhook.post(FIRING)
        await webhook.close()
    assert [line["event"] for line in logs] == ["alert_webhook_failed"]


async def test_a_full_queue_drops_instead_of_waiting() -> None:
    webhook = Webhook("http://127.0.0.1:9/hook")
    with structlog.testing.capture_logs() as logs:
        for _ in range(WAITING_MAX + 2):
            webhook.post(FIRING)
    assert [line["event"] for line in logs] == ["alert_webhook_dropped"] * 2


async def test_closing_is_bounded_while_the_server_hangs() -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with server(hang) as url:
        webhook = Webhook(url, timeout_s=0.2)
        await webhook.start()
        for _ in range(50):
            webhook.post(FIRING)
        async with asyncio.timeout(5):
            await webhook.close()


async def test_no_url_is_no_webhook() -> None:
    webhook = Webhook("")
    await webhook.start()
    webhook.post(FIRING)
    await webhook.close()
