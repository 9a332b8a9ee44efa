"""What people do with their account and their conversations: second factor, keys, sharing, deleting."""

import pyotp
from playwright.async_api import expect

from tests.e2e.conftest import Visit
from tests.support.application import PASSWORD
from tests.support.axe import violations
from tests.support.second_factor import Authenticator


async def test_a_second_factor_is_set_up_and_asked_for(visit: Visit) -> None:
    visitor, other = await visit(), await visit()
    await visitor.join()
    page = visitor.page
    await visitor.open("/#/account/security")
    await visitor.button("Set up two-step sign-in").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await dialog.get_by_role("button", name="Continue").click()
    secret = (await dialog.locator("code").first.inner_text()).replace(" ", "")
    authenticator = Authenticator(secret)
    await dialog.get_by_role("textbox").fill(authenticator.code())
    await dialog.get_by_role("button", name="Switch on").click()
    await dialog.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()

    await other.open("/#/sign-in")
    await other.page.get_by_label("Email").fill(visitor.email)
    await other.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await other.button("Sign in").click()
    field = other.page.get_by_label("Code from your authenticator app")
    wrong = pyotp.random_base32()
    await field.fill(pyotp.TOTP(wrong).now())
    await other.button("Sign in").click()
    await expect(other.page.get_by_role("alert")).to_be_visible()
    await field.fill(authenticator.code())
    await other.button("Sign in").click()
    await expect(other.composer).to_be_visible()


async def test_a_program_asks_with_a_key_until_it_is_revoked(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    page = visitor.page
    await visitor.open("/#/account/keys")
    await visitor.button("New key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("a program")
    await expect(dialog.get_by_label("chat", exact=True)).to_be_checked()
    await dialog.get_by_role("button", name="Make the key").click()
    key = await dialog.locator("code").inner_text()
    await dialog.get_by_role("button", name="I have copied it").click()
    headers = {"Authorization": f"Bearer {key}"}
    ask = "/api/ai/v4/chat/quick"
    assert (await visitor.context.request.post(ask, data={"message": "Hello"}, headers=headers)).ok
    await visitor.button("Revoke “a program”").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("You have no keys.")).to_be_visible()
    refused = await visitor.context.request.post(ask, data={"message": "Hello"}, headers=headers)
    assert refused.status == 401


async def test_a_deleted_conversation_comes_back(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.ask("What is a trie?")
    await visitor.answered()
    page = visitor.page
    entry = page.get_by_role("navigation").get_by_role("link", name="What is a trie?")
    await page.get_by_role("navigation").get_by_role("button", name="More for “What is a trie?”").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(entry).to_have_count(0)
    await visitor.button("Undo").click()
    await entry.click()
    await expect(visitor.answers.first).to_contain_text("trie")


async def test_who_has_a_share_link_reads_without_an_account(visit: Visit) -> None:
    visitor, reader = await visit(), await visit()
    await visitor.join()
    await visitor.ask("What is a rope?")
    await visitor.answered()
    page = visitor.page
    await page.get_by_role("main").locator("..").get_by_role("button", name="More for “What is a rope?”").last.click()
    await page.get_by_role("menuitem", name="Share by a link").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make the link").click()
    link = await dialog.get_by_role("textbox", name="Link").input_value()
    await reader.open(link)
    await expect(reader.page.get_by_role("heading", name="What is a rope?")).to_be_visible()
    await expect(reader.page.get_by_role("main")).to_contain_text("rope")
    assert await violations(reader.page, "light") + await violations(reader.page, "dark") == []
    await visitor.open("/#/account/shares")
    await visitor.button("Take back the link to “What is a rope?”").click()
    await expect(page.get_by_text("You share nothing.")).to_be_visible()
    await reader.page.reload()
    await expect(reader.page.get_by_role("heading", name="Nothing is shared here")).to_be_visible()
