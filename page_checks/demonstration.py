"""An Aether of its own with people who have asked things: what pictures and measurements show."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.browsing import build_page
from tests.support.launching import REAL, Launches

API = "/api/ai/v4"
TIMEOUT_S = 60.0
OWN_SETTINGS = ("AETHER_", "MONGO_", "REDIS_", "GROQ_", "SMTP_", "OIDC_")
ADMIN_EMAIL = "admin@example.com"
PEOPLE = ("Ada", "Grace", "Katherine", "Edsger")
QUESTIONS = (
    "Write a Python function that merges two sorted lists",
    "Plan the launch of a small product in four weeks",
    "Which index serves a query by user and newest first?",
    "Summarise what a Merkle tree is for",
    "Write a Python function that merges two sorted lists",
)
TEAM_QUESTION = "Should we rewrite our billing service, or repair it step by step?"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """conversation, team_conversation: of the administrator, answered by one agent and by all."""

    url: str
    conversation: str
    team_conversation: str
    password: str = field(repr=False)


@asynccontextmanager
async def demonstration() -> AsyncIterator[Demonstration]:
    """Everything of it is gone afterwards. Raises httpx.HTTPError where the server refuses something."""
    for name in [name for name in os.environ if name.startswith(OWN_SETTINGS)]:
        del os.environ[name]
    await asyncio.to_thread(build_page)
    password = secrets.token_urlsafe(16)
    unlimited = dict.fromkeys(("AETHER_LIMIT_CHAT", "AETHER_LIMIT_AUTH", "AETHER_LIMIT_CONCURRENCY"), "off")
    with tempfile.TemporaryDirectory(prefix="aether-page-") as folder:
        launches = Launches(Path(folder))
        try:
            aether = launches(
                REAL, AETHER_ADMIN_EMAIL=ADMIN_EMAIL, AETHER_ADMIN_PASSWORD=password, LC_ALL="C.UTF-8", **unlimited
            )
            try:
                url = await aether.ready()
                async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
                    yield Demonstration(url, *await populate(client, password), password)
            finally:
                await aether.stop()  # a Valkey does not show whose it is: its launcher ends it
        finally:
            await asyncio.to_thread(launches.end)


async def populate(client: httpx.AsyncClient, password: str) -> tuple[str, str]:
    """Everybody asks everything and judges it. Returns the administrator's two conversations."""
    for name in PEOPLE:
        body = {"email": f"{name.lower()}@example.com", "password": password, "name": name}
        (await client.post("/api/auth/register", json=body)).raise_for_status()
        caller = await sign_in(client, body["email"], password)
        for number, question in enumerate(QUESTIONS):
            answer = await ask(client, caller, "chat/optimized", question)
            rating = {"rating": "down" if number == len(name) % len(QUESTIONS) else "up"}
            path = f"/api/messages/{answer['message_id']}/feedback"
            (await client.put(path, json=rating, headers=caller)).raise_for_status()
    caller = await sign_in(client, ADMIN_EMAIL, password)
    team = await ask(client, caller, "chat/multi-agent", TEAM_QUESTION)
    for question in QUESTIONS[1:4]:
        await ask(client, caller, "chat/optimized", question)
    single = await ask(client, caller, "chat/optimized", QUESTIONS[0])
    return single["conversation_id"], team["conversation_id"]


async def sign_in(client: httpx.AsyncClient, email: str, password: str) -> dict[str, str]:
    """The headers of the requests that somebody makes."""
    answer = await client.post("/api/auth/login", json={"email": email, "password": password})
    client.cookies.clear()
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def ask(client: httpx.AsyncClient, caller: dict[str, str], path: str, message: str) -> dict[str, Any]:
    answer = await client.post(f"{API}/{path}", json={"message": message}, headers=caller)
    reply: dict[str, Any] = answer.raise_for_status().json()
    return reply
