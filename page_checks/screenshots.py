"""Pictures of the main pages for README, in docs/images: light, dark, and as on a phone."""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, ViewportSize, async_playwright, expect

from page_checks.demonstration import ADMIN_EMAIL, Demonstration, demonstration
from tests.support.browsing import CHECKOUT, Scheme, browser_arguments, chromium, enter

IMAGES = CHECKOUT / "docs" / "images"
WINDOW, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=800)
LARGEST_BYTES = 150_000


@dataclass(frozen=True, slots=True)
class Picture:
    """path: may name {conversation} and {team_conversation}. text: on the page as soon as it is whole."""

    name: str
    path: str
    text: str
    scheme: Scheme = "light"
    phone: bool = False


PICTURES = (
    Picture("chat", "/#/c/{conversation}", "Answer again"),
    Picture("chat-dark", "/#/c/{conversation}", "Answer again", "dark"),
    Picture("chat-phone", "/#/c/{conversation}", "Answer again", phone=True),
    Picture("team", "/#/c/{team_conversation}", "Together"),
    Picture("usage", "/#/account/usage", "By model"),
    Picture("admin", "/admin", "Cost"),
    Picture("admin-dark", "/admin#/business", "By month", "dark"),
    Picture("admin-phone", "/admin#/costs", "Cost by user", phone=True),
)


async def take(browser: Browser, site: Demonstration, picture: Picture) -> Path:
    """Raises AssertionError where the page is not whole in time, or the picture too large for a repository."""
    context = await browser.new_context(
        base_url=site.url,
        locale="en-US",
        color_scheme=picture.scheme,
        viewport=PHONE if picture.phone else WINDOW,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await enter(page, ADMIN_EMAIL, site.password)
    ids = {"conversation": site.conversation, "team_conversation": site.team_conversation}
    await page.goto(picture.path.format(**ids))
    shown = page.get_by_text(picture.text, exact=True).or_(page.get_by_role("button", name=picture.text, exact=True))
    await expect(shown.first).to_be_attached()
    await expect(page.get_by_text(re.compile("Loading"))).to_have_count(0)
    if await page.locator(".chart").count():
        await expect(page.locator(".chart canvas").first).to_be_visible()
    path = IMAGES / f"{picture.name}.png"
    await page.screenshot(path=path)
    await context.close()
    size = path.stat().st_size
    assert size <= LARGEST_BYTES, f"{path} has {size} bytes"
    return path


async def main() -> int:
    """The exit code."""
    program = chromium()
    if program is None:
        print("There is no chromium: apt-get install chromium", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    async with demonstration() as site, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=browser_arguments())
        for picture in PICTURES:
            print(await take(browser, site, picture))
        await browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
