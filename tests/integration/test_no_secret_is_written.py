"""A whole run at the level debug, failures included: no log, metric or problem holds a secret or what a user typed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pymongo
import pytest
import redis

from tests.servers import SimulatorHandle
from tests.support.launching import REAL, Launched, Launches
from tests.support.mail import PASSWORD as MAIL_PASSWORD
from tests.support.mail import USERNAME as MAIL_USERNAME
from tests.support.mail import Mailbox, authenticate, mail_server, token_in
from tests.support.markers import LOGS, Markers, files_below, secret_settings
from tests.support.waiting import eventually

CHAT = "/api/ai/v4/chat"
FAULTS = ("400", "401", "413", "429", "500", "cut", "stream-error", "malformed-json", "wrong-content-type")


@dataclass
class Run:
    """Aether as it runs, and what it must not write. problems: every answer that was an error."""

    launched: Launched
    client: httpx.AsyncClient
    markers: Markers
    problems: list[httpx.Response] = field(default_factory=list)

    async def call(self, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
        """With marked headers besides, as a browser or a program might send them."""
        secret = {name: self.markers(name) for name in ("x-api-key", "proxy-authorization", "user-agent", "referer")}
        headers = {**secret, "cookie": f"other={self.markers('cookie')}", **sent.pop("headers", {})}
        response = await self.client.request(method, path, headers=headers, **sent)
        if response.is_error:
            self.problems.append(response)
        return response

    async def post(self, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
        return await self.call("POST", path, **sent)

    async def sign_in(self, email: str, password: str) -> dict[str, str]:
        body = {"email": email, "password": password, "transport": "body"}
        answer = (await self.post("/api/auth/login", json=body)).raise_for_status().json()
        for name in ("access_token", "refresh_token"):
            self.markers.learn(f"{name} of {email}", answer[name])
        return {"Authorization": f"Bearer {answer['access_token']}"}


@contextmanager
def accounts_of_servers(mongo_url: str, redis_url: str, markers: Markers) -> Iterator[dict[str, str]]:
    """The settings of both, with a user and a marked password of their own."""
    name, mongo, valkey = "aether_marked", urlsplit(mongo_url), urlsplit(redis_url)
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client, redis.Redis.from_url(redis_url) as store:
        client.admin.command("createUser", name, pwd=markers("mongo"), roles=["root"])
        store.acl_setuser(
            name, enabled=True, passwords=[f"+{markers('redis')}"], categories=["+@all"], keys="*", channels="*"
        )
        try:
            yield {
                "MONGO_URL": f"mongodb://{name}:{markers('mongo')}@{mongo.netloc}{mongo.path}?{mongo.query}",
                "REDIS_URL": f"redis://{name}:{markers('redis')}@{valkey.netloc}/0",
            }
        finally:
            client.admin.command("dropUser", name)
            store.acl_deluser(name)


def settings_of(markers: Markers, box: Mailbox, simulator: SimulatorHandle) -> dict[str, str]:
    own = {
        "AETHER_LOG_LEVEL": "debug",
        "AETHER_ADMIN_EMAIL": "admin@example.com",
        "AETHER_ALERT_WEBHOOK": f"http://127.0.0.1:9/{markers('webhook')}",
        "AETHER_LIMIT_AUTH": "off",
        "AETHER_PUBLIC_URL": "http://127.0.0.1",
        "GROQ_BASE_URL": simulator.url,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(box.port),
        "SMTP_TLS": "off",
        "SMTP_FROM": "aether@example.com",
        "SMTP_USERNAME": MAIL_USERNAME,
        "SMTP_PASSWORD": markers.learn("SMTP_PASSWORD", MAIL_PASSWORD),
    }
    return {name: markers(name) for name in secret_settings() - {"MONGO_URL", "REDIS_URL"}} | own


@pytest.fixture
def markers() -> Markers:
    return Markers()


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server(authenticator=authenticate, auth_require_tls=False) as box:
        yield box


async def test_nothing_secret_is_written_by_a_run_on_servers_with_passwords(
    launch: Launches,
    markers: Markers,
    box: Mailbox,
    simulator: SimulatorHandle,
    database_name: str,
    mongo_url: str,
    redis_url: str,
) -> None:
    with accounts_of_servers(mongo_url, redis_url, markers) as urls:
        settings = {**settings_of(markers, box, simulator), **urls, "MONGO_DB": database_name}
        await exercise(launch(REAL, **settings), markers, box, simulator)


async def test_nothing_secret_is_written_by_a_run_on_embedded_servers(
    launch: Launches, markers: Markers, box: Mailbox, simulator: SimulatorHandle
) -> None:
    await exercise(launch(REAL, **settings_of(markers, box, simulator)), markers, box, simulator)


async def exercise(launched: Launched, markers: Markers, box: Mailbox, simulator: SimulatorHandle) -> None:
    async with httpx.AsyncClient(base_url=await launched.ready(), timeout=30) as client:
        run = Run(launched, client, markers)
        headers = await accounts(run, box)
        await questions(run, headers, simulator)
        await nonsense(run, headers)
        metrics = await run.call(
            "GET", "/metrics", headers={"Authorization": f"Bearer {markers('AETHER_METRICS_TOKEN')}"}
        )
        assert "aether_http_requests_total" in metrics.raise_for_status().text
    assert await launched.stop() == 0
    written = files_below(launched.data.parent, LOGS)
    lines = [line for line in launched.output.splitlines() if line.startswith("{")]
    assert len([line for line in lines if '"event":"request"' in line]) > 40
    assert "a-name-that-is-logged" in written["output.txt"]
    assert {name: markers.found_in(text) for name, text in written.items() if markers.found_in(text)} == {}
    assert markers.found_in(metrics.text) == []
    assert len(run.problems) > 20
    assert {
        str(problem.url): markers.found_in(problem.text) for problem in run.problems if markers.found_in(problem.text)
    } == {}


def tokens_in(box: Mailbox) -> list[str]:
    """Of the links that arrived; a mail that only tells something has none."""
    return [token for token in map(token_in, box.mails) if token]


async def accounts(run: Run, box: Mailbox) -> dict[str, str]:
    """Everything that passwords, tokens and links are for. Returns the headers of a user."""
    marker = run.markers
    email = f"{marker('address')}@example.com"
    body = {"email": email, "password": marker("password"), "name": marker("name")}
    for _ in range(2):
        await run.post("/api/auth/register", json=body)
    await run.post("/api/auth/login", json={"email": email, "password": marker("wrong password")})
    await run.post("/api/auth/login", json={"email": marker("password in the wrong field"), "password": "x"})
    await run.sign_in("admin@example.com", marker("AETHER_ADMIN_PASSWORD"))
    headers = await run.sign_in(email, marker("password"))
    await run.call("PATCH", "/api/auth/me", headers=headers, json={"name": marker("new name")})
    for current in (marker("wrong password"), marker("password")):
        change = {"current_password": current, "new_password": marker("second password")}
        await run.post("/api/auth/change-password", headers=headers, json=change)
    await run.post("/api/auth/forgot-password", json={"email": email})
    await eventually(lambda: any(tokens_in(box)), 15)
    [token] = {marker.learn("link", token) for token in tokens_in(box)}
    for _ in range(2):
        await run.post("/api/auth/reset-password", json={"token": token, "new_password": marker("third password")})
    await run.post("/api/auth/refresh", json={"refresh_token": marker("refresh token")})
    headers = await run.sign_in(email, marker("third password"))
    await run.call("GET", "/api/auth/me/export", headers=headers)
    return headers


async def questions(run: Run, headers: dict[str, str], simulator: SimulatorHandle) -> None:
    asked = {**headers, "Idempotency-Key": run.markers("idempotency key")}
    for path in ("quick", "optimized", "multi-agent", "stream"):
        await run.post(f"{CHAT}/{path}", headers=asked, json={"message": run.markers("message")})
    for fault in FAULTS:
        simulator.control.post("/faults", json={"fault": fault, "count": 4}).raise_for_status()
        for path in ("optimized", "stream"):
            body = {"message": f"{run.markers('message of a failure')} {fault}", "deadline_s": 5, "use_cache": False}
            await run.post(f"{CHAT}/{path}", headers=headers, json=body)
        simulator.control.post("/reset").raise_for_status()


async def nonsense(run: Run, headers: dict[str, str]) -> None:
    """Requests that are refused at every depth, each with a secret where it does not belong."""
    marker = run.markers("misplaced")
    await run.call("GET", "/nowhere", headers={"X-Correlation-ID": "a-name-that-is-logged"})
    for method, path in (("GET", f"/{marker}"), ("PUT", f"/api/auth/me?token={marker}"), ("GET", f"/?key={marker}")):
        await run.call(method, path, headers=headers)
    for token in (f"Bearer {marker}", f"Basic {marker}", marker, f"Bearer {headers['Authorization'][7:]}x"):
        await run.call("GET", "/api/auth/me", headers={"Authorization": token})
    for content in (f'{{"message": "{marker}', f'["{marker}"]', f'{{"message": "x", "{marker[:20]}": 1}}', '"\\ud800"'):
        json_headers = {**headers, "Content-Type": "application/json"}
        await run.post(f"{CHAT}/optimized", headers=json_headers, content=content)
    for name in ("conversation_id", "model", "agent_type", "max_cost_usd"):
        await run.post(f"{CHAT}/optimized", headers=headers, json={"message": marker, name: marker})
    await run.call("GET", f"/api/conversations/{marker}/messages?cursor={marker}", headers=headers)
    await run.call("GET", f"{CHAT}/stream/{marker}", headers={**headers, "Last-Event-ID": marker})
    await run.post("/api/auth/login", content=f"email={marker}")
