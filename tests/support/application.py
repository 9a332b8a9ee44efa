"""The real application for tests: in this process over ASGI, or as a worker process on a socket."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.config import Settings
from backend.server import create_app
from backend.services.identity.passwords import argon2id
from backend.services.services import Services
from backend.wiring.preparation import prepare
from tests.servers import Servers
from tests.support.database.opening import opened
from tests.support.waiting import eventually

ADMIN_EMAIL, PASSWORD = "admin@example.com", "correct horse battery"
START_S = 20.0
STOP_S = 20.0
CONNECTIONS = 200
NO_FOLDER = Path("/nonexistent")
NO_PAGE = NO_FOLDER
"""Tests of the server must not depend on whether the web page was built here."""

_numbers = count(1)


def with_state(app: FastAPI, state: Mapping[str, Any]) -> ASGIApp:
    """What a server does with the lifespan's state, and httpx's transport does not."""

    async def stateful(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = dict(state)
        await app(scope, receive, send)

    return stateful


@dataclass(frozen=True, slots=True)
class Account:
    """A signed-in user. headers: for the requests that the user makes."""

    id: str
    email: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Served:
    """An application that answers. services: None where it lives in another process."""

    client: httpx.AsyncClient
    settings: Settings
    services: Services | None = None
    log: Path | None = None

    async def sign_in(self, email: str, password: str = PASSWORD) -> Account:
        answer = await self.client.post("/api/auth/login", json={"email": email, "password": password})
        answer.raise_for_status()
        body = answer.json()
        self.client.cookies.clear()
        return Account(body["user"]["id"], email, {"Authorization": f"Bearer {body['access_token']}"})

    async def new_user(self) -> Account:
        """Where the services are at hand, without the two hashes, 0.1 s, that registration and sign-in take."""
        if self.services is None:
            return await self.registered()
        email = f"user{next(_numbers)}@example.com"
        await self.services.users.create(email, _password_hash(), email.partition("@")[0], "user")
        return await self._enter(self.services, email)

    async def registered(self) -> Account:
        """As a person begins: with a request to register and one to sign in."""
        email = f"user{next(_numbers)}@example.com"
        answer = await self.client.post("/api/auth/register", json={"email": email, "password": PASSWORD})
        answer.raise_for_status()
        return await self.sign_in(email)

    async def admin(self) -> Account:
        return await (self._enter(self.services, ADMIN_EMAIL) if self.services else self.sign_in(ADMIN_EMAIL))

    async def _enter(self, services: Services, email: str) -> Account:
        """A session as after a sign-in."""
        user = await services.users.by_email(email)
        assert user is not None
        tokens = await services.identity.sign_in(user, "tests")
        return Account(user.id, email, {"Authorization": f"Bearer {tokens.access_token}"})


@cache
def _password_hash() -> str:
    return argon2id().hash(PASSWORD)


def settings_on(servers: Servers, name: str, data_dir: Path, **fields: object) -> Settings:
    """Real MongoDB, Valkey and simulator; name: of the database. No limits, unless the fields say so."""
    defaults = {
        "mongo_url": SecretStr(servers.mongo_url),
        "mongo_db": name,
        "mongo_pool_min": 0,
        "redis_url": SecretStr(servers.redis_url),
        "redis_timeout": 1.0,
        "groq_base_url": servers.simulator.url,
        "groq_api_key": SecretStr("a key for the simulator"),
        "data_dir": data_dir,
        "secret_key": SecretStr("secret key of the tests, long enough"),
        "admin_email": ADMIN_EMAIL,
        "admin_password": SecretStr(PASSWORD),
        "limit_chat": None,
        "limit_auth": None,
        "limit_concurrency": None,
        "limit_upload": None,
        "limit_search": None,
        "limit_entry": None,
        "limit_refresh": None,
        "testing": True,
    }
    return Settings.model_validate({**defaults, **fields})


def prepare_database(servers: Servers, name: str) -> None:
    """All that an application finds after some time: collections, indexes and the administrator."""
    settings = settings_on(servers, name, NO_FOLDER)  # starts servers, and so comes before there is an event loop

    async def prepared() -> None:
        await prepare(settings)
        async with opened(settings.mongo_url.get_secret_value(), name) as database:
            await database.ensure_indexes()

    asyncio.run(prepared())


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[Served]:
    """In this process, without a socket: quick, but a response arrives only once it is complete."""
    await prepare(settings)
    app = create_app(settings, page=NO_PAGE)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        transport = httpx.ASGITransport(with_state(app, state))
        async with httpx.AsyncClient(transport=transport, base_url="http://aether.example", timeout=30) as client:
            yield Served(client, settings, state["services"])


class WorkerProcess:
    """A worker as the launcher starts it, on a port of its own; what it prints goes to the log file.

    It belongs to no event loop, so that several tests may share it. environment: beyond what the settings say.
    """

    def __init__(self, settings: Settings, log: Path, **more: str) -> None:
        self.settings = settings
        self.log = log
        with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._process = subprocess.Popen(
                (sys.executable, "-m", "backend.worker", "--fd", str(listener.fileno())),
                env=environment(settings) | more,
                pass_fds=[listener.fileno()],
                stdout=output,
                stderr=output,
            )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Served]:
        """Talks to it from the event loop that runs, as soon as it answers."""
        limits = httpx.Limits(max_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=self.url, timeout=30, limits=limits) as client:
            await eventually(lambda: self._is_live(client), START_S)
            yield Served(client, self.settings, log=self.log)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self, within_s: float = STOP_S) -> int:
        """The exit code."""
        await eventually(lambda: self._process.poll() is not None, within_s)
        return self._process.returncode

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def _is_live(self, client: httpx.AsyncClient) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the worker ended: {await asyncio.to_thread(self.log.read_text)}")
        try:
            return (await client.get("/api/health/live")).status_code == 200
        except httpx.TransportError:
            return False


@asynccontextmanager
async def serve_process(settings: Settings, log: Path) -> AsyncIterator[Served]:
    """A worker process of one test."""
    await prepare(settings)
    process = WorkerProcess(settings, log)
    try:
        async with process.client() as served:
            yield served
    finally:
        await asyncio.to_thread(process.stop)


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process reads these settings, and nothing that this process has of its own."""
    own = {}
    for name, field in Settings.model_fields.items():
        if name in settings.model_fields_set:
            own[field.alias or name.upper()] = _text(getattr(settings, name))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {**kept, **own}


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if value is None:
        return "off"
    if isinstance(value, tuple):
        return f"{value[0]}/{value[1]}seconds"
    return str(value)


def log_lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines() if line]
