"""A person at a real browser: Debian's chromium, driven by Playwright, on a real worker's page."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from backend.services.scalable_database import ScalableDatabase
from tests.support.application import PASSWORD
from tests.support.chat import ledger

CHECKOUT = Path(__file__).resolve().parents[2]
NODE_MODULES = CHECKOUT / "frontend" / "node_modules"
DIST = CHECKOUT / "frontend" / "dist"
CHROMIUM_NAMES = ("chromium", "chromium-browser")
WAIT_MS = 15_000
INSTALL_S, BUILD_S = 900, 600
SIGNED_IN_HINT = "aether.signed-in"
Scheme = Literal["light", "dark"]
Json = dict[str, Any]

_numbers = count(1)

expect.set_options(timeout=WAIT_MS)


def chromium() -> str | None:
    """The path of the browser, None where there is none."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def browser_arguments() -> list[str]:
    """Its sandbox does not work for root; /dev/shm is small in containers."""
    return ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def build_page() -> None:
    """The page of these sources, and everything that its tests need: quick where nothing has changed."""
    for command, seconds in (("install", INSTALL_S), ("build", BUILD_S)):
        subprocess.run((sys.executable, "scripts/page.py", command), cwd=CHECKOUT, check=True, timeout=seconds)


async def enter(page: Page, email: str, password: str) -> None:
    """Signs in without the form. The page's context has a base_url; the page is somewhere on the site afterwards."""
    answer = await page.request.post("/api/auth/login", data={"email": email, "password": password})
    assert answer.ok, await answer.text()
    await page.goto("/theme.js")  # a small file of the site: what is stored there is the page's
    await page.evaluate("name => localStorage.setItem(name, 'yes')", SIGNED_IN_HINT)


@dataclass(frozen=True, slots=True)
class Site:
    """A worker that serves the page. database: what it has stored."""

    url: str
    database: ScalableDatabase

    async def ledger(self, email: str) -> list[Json]:
        """The records of all upstream calls that somebody has paid for, oldest first."""
        user = await self.database.collection("users").find_one({"email": email})
        assert user is not None, email
        return await ledger(self.database, str(user["_id"]))


@dataclass
class Visitor:
    """One person's browser profile with one page. complaints: what no page may ever cause."""

    site: Site
    context: BrowserContext
    page: Page
    email: str = ""
    complaints: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(cls, browser: Browser, site: Site, **options: Any) -> "Visitor":  # noqa: ANN401 (Playwright's)
        """options: of Browser.new_context."""
        defaults: dict[str, Any] = {"locale": "en-US", "reduced_motion": "reduce", "base_url": site.url}
        context = await browser.new_context(**{**defaults, **options})
        context.set_default_timeout(WAIT_MS)
        visitor = cls(site, context, await context.new_page())
        context.on("weberror", lambda error: visitor.complaints.append(f"error: {error.error}"))
        context.on("console", visitor._listen)
        context.on("request", visitor._watch)
        return visitor

    async def leave(self) -> None:
        """Raises AssertionError where a page broke, was refused something, or asked another host."""
        await self.context.close()
        assert self.complaints == []

    async def open(self, path: str) -> None:
        await self.page.goto(path)

    async def join(self, email: str = "", *, register: bool = True) -> None:
        """Signs in without the forms, as most tests are not about them; by default as a new user."""
        self.email = email or f"guest{next(_numbers)}@example.com"
        if register:
            credentials = {"email": self.email, "password": PASSWORD}
            answer = await self.context.request.post("/api/auth/register", data=credentials)
            assert answer.ok, await answer.text()
        await enter(self.page, self.email, PASSWORD)
        await self.open("/")
        await expect(self.composer).to_be_visible()

    async def bring(self, title: str, texts: list[str]) -> None:
        """Imports a conversation of these texts, questions and answers in turn."""
        messages = [
            {
                "id": f"m{number}",
                "parent_id": f"m{number - 1}" if number else None,
                "role": ("user", "assistant")[number % 2],
                "content": text,
                "created_at": number + 1,
            }
            for number, text in enumerate(texts)
        ]
        token = await (await self.context.request.post("/api/auth/refresh")).json()
        imported = await self.context.request.post(
            "/api/conversations/import",
            data={"format": "aether", "conversations": [{"id": title, "title": title, "messages": messages}]},
            headers={"Authorization": f"Bearer {token['access_token']}"},
        )
        assert (await imported.json())["imported"] == 1

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def answers(self) -> Locator:
        return self.page.locator("article.answer")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def choose(self, target: str) -> None:
        """Who answers."""
        await self.page.get_by_role("button", name="Who answers").click()
        await self.page.get_by_role("menuitemradio", name=target).click()

    async def ask(self, text: str) -> None:
        await self.composer.fill(text)
        await self.button("Send").click()

    async def answered(self, number: int = 1) -> Locator:
        """The answer of this number in the conversation, as soon as it is complete."""
        answer = self.answers.nth(number - 1)
        await expect(answer).to_have_attribute("aria-busy", "false")
        return answer

    def _listen(self, message: ConsoleMessage) -> None:
        if re.search(r"Content Security Policy|Refused to", message.text):
            self.complaints.append(message.text)

    def _watch(self, request: Request) -> None:
        if urlsplit(request.url).scheme.startswith("http") and not request.url.startswith(self.site.url):
            self.complaints.append(f"a request to {request.url}")
