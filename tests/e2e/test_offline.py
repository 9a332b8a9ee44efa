"""Without a network: the page opens, shows what was read last, and sends what was written, once."""

import re

from playwright.async_api import Page, expect

from tests.e2e.conftest import Visit
from tests.servers import SimulatorHandle
from tests.support.browsing import Site, Visitor

OFFLINE = "The server cannot be reached."
WAITS = "Not sent yet"
QUESTION = "What is a skip list?"
KEPT = """async () => {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open("aether");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const count = (store) => new Promise((resolve, reject) => {
    const request = database.transaction(store).objectStore(store).count();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const counts = await Promise.all(["copies", "waiting", "owner"].map(count));
  database.close();
  return counts;
}"""
"""How much this browser keeps: [copies, questions that wait, owners]."""


async def offline(visitor: Visitor) -> None:
    """From now on nothing is reached. The page's own files are kept by then."""
    await visitor.page.evaluate("navigator.serviceWorker.ready")
    await visitor.context.set_offline(True)


async def kept(page: Page) -> list[int]:
    counts: list[int] = await page.evaluate(KEPT)
    return counts


async def test_the_last_conversation_is_read_without_a_network(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.ask(QUESTION)
    answer = await visitor.answered()
    text = await answer.locator(".markdown").inner_text()
    await expect(visitor.page).to_have_url(re.compile("/#/c/"))
    await expect(visitor.page.locator("h1", has_text=QUESTION)).to_be_visible()
    await offline(visitor)
    await visitor.page.reload()
    await expect(visitor.page.get_by_text(OFFLINE)).to_be_visible()
    await expect(visitor.answers.first.locator(".markdown")).to_have_text(text, use_inner_text=True)
    await expect(visitor.page.get_by_role("navigation").get_by_role("link", name=QUESTION)).to_be_visible()
    await visitor.open("/#/account/usage")
    await expect(visitor.page.get_by_role("heading", name="Usage")).to_be_visible()


async def test_what_was_written_without_a_network_is_sent_once(
    visit: Visit, site: Site, simulator: SimulatorHandle
) -> None:
    visitor = await visit()
    await visitor.join()
    await offline(visitor)
    await visitor.ask(QUESTION)
    await expect(visitor.page.get_by_text(WAITS)).to_be_visible()
    await visitor.page.close()
    visitor.page = await visitor.context.new_page()
    await visitor.open("/")
    await expect(visitor.page.get_by_text(WAITS)).to_be_visible()
    other = await visitor.context.new_page()
    await other.goto("/")
    await expect(other.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    await visitor.context.set_offline(False)
    await visitor.answered()
    await expect(visitor.page.get_by_text(OFFLINE)).to_have_count(0)
    await expect(other.get_by_role("navigation").get_by_role("link", name=QUESTION)).to_have_count(1)
    assert len(await site.ledger(visitor.email)) == 1
    assert simulator.calls()["started"] == 1
    assert (await kept(visitor.page))[1] == 0


async def test_signing_out_leaves_nothing_in_the_browser(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.ask(QUESTION)
    await visitor.answered()
    copies, _, owners = await kept(visitor.page)
    assert (copies > 0, owners) == (True, 1)
    await visitor.page.get_by_role("button", name=re.compile(visitor.email)).click()
    await visitor.page.get_by_role("menuitem", name="Sign out").click()
    await expect(visitor.button("Sign in")).to_be_visible()
    await visitor.page.wait_for_function(f"async () => String(await ({KEPT})()) === '0,0,0'")
    await visitor.context.set_offline(True)
    await visitor.page.reload()
    await expect(visitor.button("Sign in")).to_be_visible()
