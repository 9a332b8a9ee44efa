"""Chatting on the page: what people see, and what it costs them."""

import re

from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.servers import SimulatorHandle
from tests.support.application import PASSWORD
from tests.support.browsing import Site
from tests.support.chat import close_gate, open_gate, program

SHOWN = 80
"""Tokens after which the first words of an answer, and not only the thoughts before it, are on the page."""


async def test_who_signs_up_chats_at_once(visit: Visit, site: Site, simulator: SimulatorHandle) -> None:
    visitor = await visit()
    await visitor.open("/")
    await visitor.page.get_by_role("link", name="Create an account").click()
    await visitor.page.get_by_label("Email").fill("newcomer@example.com")
    await visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await visitor.button("Create account").click()
    await visitor.ask("What is a heap?")
    answer = await visitor.answered()
    await expect(answer).to_contain_text("heap")
    await expect(visitor.page.get_by_role("navigation").get_by_text("What is a heap?").first).to_be_visible()
    paid = await site.ledger("newcomer@example.com")
    assert [record["outcome"] for record in paid] == ["ok"]
    assert simulator.calls()["started"] == 1


async def test_an_answer_goes_on_after_the_page_is_loaded_again(
    visit: Visit, site: Site, simulator: SimulatorHandle
) -> None:
    visitor = await visit()
    await visitor.join()
    close_gate(simulator, after=SHOWN)
    await visitor.ask("Explain red-black trees")
    await expect(visitor.answers.first).to_contain_text("trees")
    await expect(visitor.page).to_have_url(re.compile("/#/c/"))
    await visitor.page.reload()
    await expect(visitor.answers.first).to_have_attribute("aria-busy", "true")
    open_gate(simulator)
    await visitor.answered()
    await expect(visitor.answers).to_have_count(1)
    assert len(await site.ledger(visitor.email)) == 1
    assert simulator.calls()["started"] == 1


async def test_a_stopped_answer_is_kept_and_another_one_asked_for(visit: Visit, simulator: SimulatorHandle) -> None:
    visitor = await visit()
    await visitor.join()
    close_gate(simulator, after=SHOWN)
    await visitor.ask("Explain bloom filters")
    await expect(visitor.answers.first).to_contain_text("bloom")
    await visitor.button("Stop").click()
    stopped = await visitor.answered()
    await expect(stopped).to_contain_text("The answer was stopped here.")
    open_gate(simulator)
    await visitor.button("Answer again").click()
    await expect(visitor.page.get_by_text("Version 2 of 2")).to_be_visible()
    again = await visitor.answered()
    await expect(again).not_to_contain_text("The answer was stopped here.")
    await visitor.button("Previous version").click()
    await expect(visitor.answers.first).to_contain_text("The answer was stopped here.")


async def test_an_edited_question_begins_a_branch(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.ask("What is a stack?")
    await visitor.answered()
    await visitor.page.get_by_role("button", name="Edit and ask again").click()
    await visitor.page.get_by_role("textbox", name="Edit and ask again").fill("What is a queue?")
    await visitor.button("Ask again").click()
    await expect(visitor.answers.first).to_contain_text("queue")
    await visitor.answered()
    await visitor.button("Previous version").click()
    await expect(visitor.answers.first).to_contain_text("stack")
    await expect(visitor.page.locator("article.question")).to_contain_text("What is a stack?")


async def test_of_five_agents_one_fails_and_the_others_are_heard(
    visit: Visit, site: Site, simulator: SimulatorHandle
) -> None:
    visitor = await visit()
    await visitor.join()
    program(simulator, "400", system_contains="Luna", count=1)
    await visitor.choose("All five")
    await visitor.ask("How do we launch this product?")
    answer = await visitor.answered()
    await expect(answer.get_by_role("heading", name="Together")).to_be_visible()
    await expect(answer.get_by_text("failed", exact=True)).to_have_count(1)
    paid = await site.ledger(visitor.email)
    assert sorted(record["outcome"] for record in paid) == ["failed", *["ok"] * 5]
