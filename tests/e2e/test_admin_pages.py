"""The administrator's pages against the real server."""

import re
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.support.application import ADMIN_EMAIL, PASSWORD
from tests.support.browsing import Visitor


async def admin(visit: Visit, **options: object) -> Visitor:
    visitor = await visit(**options)
    await visitor.join(ADMIN_EMAIL, register=False)
    return visitor


async def test_the_dashboard_shows_figures_charts_and_files(visit: Visit, tmp_path: Path) -> None:
    visitor = await admin(visit)
    page = visitor.page
    await visitor.open("/admin")
    await expect(page.get_by_role("heading", name="Live", exact=True)).to_be_visible()
    await expect(page.locator(".tile", has_text="Workers").locator(".tile-value")).to_have_text("1")
    requests = page.get_by_role("figure", name="Requests", exact=True)
    await expect(requests.locator("canvas")).to_be_visible()
    await requests.get_by_text("As a table").click()
    await expect(requests.get_by_role("row").nth(1)).to_contain_text("/s")
    async with page.expect_download() as download:
        await requests.get_by_role("button", name="CSV").click()
    saved = tmp_path / "requests.csv"
    await (await download.value).save_as(saved)
    assert re.match(r"Time,Requests per second\r\n\d{4}-", saved.read_bytes().decode())
    await page.get_by_text("24 hours", exact=True).click()
    await expect(page.get_by_role("radio", name="24 hours")).to_be_checked()


async def test_costs_and_verdicts_are_summed_up(visit: Visit) -> None:
    guest, visitor = await visit(), await admin(visit)
    await guest.join()
    await guest.ask("What is a deque?")
    answer = await guest.answered()
    async with guest.page.expect_response(lambda response: response.url.endswith("/feedback")):
        await answer.get_by_role("button", name="A good answer", exact=True).click()
    page = visitor.page
    # Reports may be a minute old: each is asked for a span that nobody else asks for.
    await visitor.open("/admin#/costs")
    await page.get_by_text("365 days", exact=True).click()
    row = page.get_by_role("row", name=guest.email)
    await expect(row.get_by_role("cell").nth(1)).to_have_text(re.compile(r"^\$0\.0"))
    await page.get_by_text("Model", exact=True).click()
    await expect(page.get_by_role("row", name="gpt-oss").first).to_be_visible()
    await visitor.open("/admin#/leaderboard")
    await page.get_by_text("7 days", exact=True).click()
    await expect(page.get_by_role("region", name="Agents").get_by_role("row").nth(1)).to_contain_text("%")
    await visitor.open("/admin#/business")
    await page.get_by_text("7 days", exact=True).click()
    await expect(page.locator(".tile", has_text="Satisfaction")).to_contain_text("%")
    await expect(page.get_by_role("figure", name="AI requests").locator("canvas")).to_be_visible()


async def test_an_account_is_closed_and_opened_again(visit: Visit) -> None:
    guest, visitor = await visit(), await admin(visit)
    await guest.join()
    await visitor.open("/admin#/users")
    await visitor.page.get_by_label("Address begins with").fill(guest.email)
    menu = visitor.button(f"More for {guest.email}")
    row = visitor.page.get_by_role("row", name=guest.email)
    for action, state in (("Close the account", "closed"), ("Open the account again", "open")):
        await menu.click()
        await visitor.page.get_by_role("menuitem", name=action).click()
        await visitor.page.get_by_role("dialog").get_by_role("button", name=action).click()
        await expect(row.get_by_text(state, exact=True)).to_be_visible()
        sign_in = await guest.context.request.post("/api/auth/login", data={"email": guest.email, "password": PASSWORD})
        assert sign_in.ok is (state == "open")
    await menu.click()
    await visitor.page.get_by_role("menuitem", name="Look into the audit log").click()
    await expect(visitor.page.get_by_role("row", name="user disabled")).to_be_visible()


async def test_spending_is_stopped_for_everybody_and_begins_again(visit: Visit) -> None:
    guest, visitor = await visit(), await admin(visit)
    await guest.join()
    await visitor.open("/admin#/spending")
    await visitor.button("Stop all spending").click()
    await visitor.page.get_by_role("dialog").get_by_role("button", name="Stop all spending").click()
    await expect(visitor.page.get_by_text("No model is called. Answers")).to_be_visible()
    try:
        await guest.ask("Is anybody there?")
        await expect(guest.page.get_by_role("alert")).to_be_visible()
    finally:
        await visitor.button("Call models again").click()
        await expect(visitor.page.get_by_text("Models are called.")).to_be_visible()


async def test_users_are_refused(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.open("/admin#/users")
    await expect(visitor.page.get_by_role("heading", name="Only administrators may come here")).to_be_visible()
