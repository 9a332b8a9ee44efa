"""One person at two devices: what happens on one is shown on the other without a reload."""

from playwright.async_api import expect

from tests.e2e.conftest import Visit


async def test_a_question_on_one_device_is_in_the_list_and_in_the_conversation_on_the_other(visit: Visit) -> None:
    here, there = await visit(), await visit()
    await here.join()
    await there.join(here.email, register=False)
    await here.ask("What is a trie?")
    await here.answered()
    listed = there.page.get_by_role("navigation").get_by_role("link", name="What is a trie?")
    await listed.click()
    await expect(there.answers).to_have_count(1)
    await here.ask("And what is a heap?")
    await here.answered(2)
    await expect(there.answers).to_have_count(2)
    await there.answered(2)
    await here.answers.first.get_by_role("button", name="A good answer", exact=True).click()
    thumb = there.answers.first.get_by_role("button", name="A good answer", exact=True)
    await expect(thumb).to_have_attribute("aria-pressed", "true")
