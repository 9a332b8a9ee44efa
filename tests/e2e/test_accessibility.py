"""axe finds nothing on any page, in either theme; nothing is wider than a phone."""

import pytest
from playwright.async_api import ViewportSize, expect

from tests.e2e.conftest import Visit
from tests.support.application import ADMIN_EMAIL
from tests.support.axe import violations
from tests.support.browsing import Visitor

PHONE = ViewportSize(width=390, height=844)
COLOUR_RULES = ("color-contrast", "link-in-text-block")
"""What a theme changes. All the rest is the same in both."""
GUESTS = ("/#/sign-in", "/#/sign-up", "/#/forgot-password", "/#/reset-password/abc", "/#/no/such/page")
USERS = (
    "/#/account",
    "/#/account/instructions",
    "/#/account/routing",
    "/#/account/prompts",
    "/#/account/security",
    "/#/account/usage",
    "/#/account/shares",
    "/#/account/keys",
    "/#/account/data",
)
ADMINS = (
    "/admin",
    "/admin#/business",
    "/admin#/costs",
    "/admin#/routing",
    "/admin#/leaderboard",
    "/admin#/users",
    "/admin#/audit",
    "/admin#/health",
    "/admin#/spending",
    "/admin#/similar",
)


async def check(visitor: Visitor) -> None:
    await expect(visitor.page.locator("h1, article.answer").first).to_be_visible()
    await expect(visitor.page.get_by_text("Loading …")).to_have_count(0)
    assert await violations(visitor.page, "light") == [], visitor.page.url
    assert await violations(visitor.page, "dark", COLOUR_RULES) == [], visitor.page.url
    before = visitor.page.viewport_size
    assert before is not None
    await visitor.page.set_viewport_size(PHONE)
    assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], visitor.page.url
    await visitor.page.set_viewport_size(before)


async def test_guests_pages(visit: Visit) -> None:
    visitor = await visit()
    for path in GUESTS:
        await visitor.open(path)
        await check(visitor)


@pytest.mark.parametrize("target", ["Automatic", "All five"])
async def test_a_conversation(visit: Visit, target: str) -> None:
    visitor = await visit()
    await visitor.join()
    await check(visitor)
    await visitor.choose(target)
    await visitor.ask("Write a table of three sorting algorithms")
    answer = await visitor.answered()
    await answer.get_by_role("button", name="Receipt").click()
    await check(visitor)


async def test_users_pages(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    for path in USERS:
        await visitor.open(path)
        await check(visitor)


async def test_administrators_pages(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join(ADMIN_EMAIL, register=False)
    for path in ADMINS:
        await visitor.open(path)
        await check(visitor)


async def test_menus_and_dialogs(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.page.get_by_role("button", name="Who answers").click()
    await check(visitor)
    await visitor.page.keyboard.press("Escape")
    await visitor.page.get_by_role("navigation").get_by_role("button", name=visitor.email.split("@")[0]).click()
    await check(visitor)


async def test_dialogs_of_administrators(visit: Visit) -> None:
    guest, visitor = await visit(), await visit()
    await guest.join()
    await visitor.join(ADMIN_EMAIL, register=False)
    await visitor.open("/admin#/users")
    await visitor.page.get_by_label("Address begins with").fill(guest.email)
    for action in ("Set a budget", "Close the account"):
        await visitor.button(f"More for {guest.email}").click()
        await visitor.page.get_by_role("menuitem", name=action).click()
        await expect(visitor.page.get_by_role("dialog")).to_be_visible()
        await check(visitor)
        await visitor.page.keyboard.press("Escape")
