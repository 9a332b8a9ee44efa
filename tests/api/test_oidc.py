"""Sign-in through a real OpenID provider on loopback, driven as a browser would."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.domain.audit import AuditFilter
from backend.services.accounts import Links
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from tests.support.application import PASSWORD, Account, Served, serve
from tests.support.oidc import PUBLIC_URL, Provider, ProviderPages, canaille

FAILED = f"{PUBLIC_URL}/#/sign-in-failed/"

pytestmark = pytest.mark.timeout(600)
"""The first of all installs the provider."""


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    with canaille() as provider:
        yield provider


@pytest.fixture
def oidc_settings(app_settings: Settings, provider: Provider) -> Settings:
    fields = provider.settings()
    return app_settings.model_copy(update=fields | {"oidc_client_secret": SecretStr(fields["oidc_client_secret"])})


@pytest.fixture
async def served(oidc_settings: Settings) -> AsyncIterator[Served]:
    async with serve(oidc_settings) as served:
        yield served


@pytest.fixture
async def pages() -> AsyncIterator[ProviderPages]:
    pages = ProviderPages()
    yield pages
    await pages.close()


async def start(served: Served, return_to: str = "/") -> str:
    """The provider's address that the browser is sent to."""
    answer = await served.client.get("/api/auth/oidc/start", params={"return_to": return_to})
    assert answer.status_code == 302
    return answer.headers["location"]


async def sign_in(served: Served, pages: ProviderPages, name: str, return_to: str = "/") -> httpx.Response:
    """The answer of the callback."""
    return await served.client.get(await pages.sign_in(await start(served, return_to), name))


async def signed_in(served: Served) -> Account:
    """Whoever the refresh cookie is of, as the page finds out when it loads."""
    answer = await served.client.post("/api/auth/refresh")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    served.client.cookies.clear()
    return Account(body["user"]["id"], body["user"]["email"], {"Authorization": f"Bearer {body['access_token']}"})


async def test_a_first_sign_in_makes_an_account_and_the_next_one_finds_it(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    assert (await served.client.get("/api/auth/oidc")).json() == {"enabled": True, "name": "single sign-on"}
    name = next(provider.users)
    answer = await sign_in(served, pages, name, "/?chat=1#/settings")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{PUBLIC_URL}/?chat=1#/settings")
    account = await signed_in(served)
    me = (await served.client.get("/api/auth/me", headers=account.headers)).json()
    assert (me["email"], me["name"], me["role"]) == (f"{name}@example.com", name.title(), "user")
    assert me["verified_at"]
    await sign_in(served, pages, name)
    assert (await signed_in(served)).id == account.id


async def test_a_denied_consent_leads_back_to_the_page(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    name = next(provider.users)
    answer = await served.client.get(await pages.sign_in(await start(served), name, accept=False))
    assert (answer.status_code, answer.headers["location"]) == (302, FAILED + "oidc_denied")
    assert (await served.client.post("/api/auth/refresh")).status_code == 401
    assert (await registered(served, name)).email, "there is no account of this address yet"


async def test_the_request_is_bound_to_the_browser_and_asks_for_a_code_with_proof(served: Served) -> None:
    answer = await served.client.get("/api/auth/oidc/start")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == f"{PUBLIC_URL}/api/auth/oidc/callback"
    assert set(asked["scope"].split()) == {"openid", "email", "profile", "groups"}
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=600" in cookie
    assert not any(asked[name] in cookie for name in ("state", "nonce"))


async def test_a_callback_works_once_and_only_in_the_browser_that_began(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    name = next(provider.users)
    victim = await pages.sign_in(await start(served), name)
    own_cookies = httpx.Cookies(served.client.cookies)
    served.client.cookies.clear()
    refused = FAILED + "oidc_state_invalid"
    assert (await served.client.get(victim)).headers["location"] == refused, "a browser that began nothing"
    await start(served)
    assert (await served.client.get(victim)).headers["location"] == refused, "a browser that began another one"
    served.client.cookies = own_cookies
    tampered = victim.replace("state=", "state=x")
    assert (await served.client.get(tampered)).headers["location"] == refused
    served.client.cookies = own_cookies
    assert (await served.client.get(victim)).headers["location"] == f"{PUBLIC_URL}/"
    served.client.cookies = own_cookies
    assert (await served.client.get(victim)).headers["location"] == refused, "a cookie that was kept"
    served.client.cookies.clear()


async def test_a_local_account_of_a_verified_address_is_linked(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    account = await registered(served, next(provider.users))
    assert served.services is not None
    await served.services.users.set_verified(account.id)
    await sign_in(served, pages, account.email.partition("@")[0])
    assert (await signed_in(served)).id == account.id
    assert (await served.sign_in(account.email)).id == account.id, "the password is good for it still"


async def test_an_address_that_nobody_verified_links_nothing_until_its_owner_does(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    """Whoever registers with the address of somebody else must not share the account with them later on."""
    name = next(provider.users)
    account = await registered(served, name)
    assert (await sign_in(served, pages, name)).headers["location"] == FAILED + "oidc_account_exists"
    assert (await served.client.post("/api/auth/refresh")).status_code == 401
    wrong = await link(served, account, "a wrong password")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
    begun = await link(served, account)
    answer = await served.client.get(await pages.sign_in(begun.json()["url"], name))
    assert answer.headers["location"] == f"{PUBLIC_URL}/#/settings"
    await sign_in(served, pages, name)
    back = await signed_in(served)
    assert back.id == account.id
    linked = (await served.client.get("/api/auth/oidc/identity", headers=back.headers)).json()
    assert (linked["identity"]["email"], linked["has_password"]) == (account.email, True)


async def test_an_unverified_account_cannot_be_given_a_second_owner_in_advance(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    """Somebody registers with a victim's address and links their own identity: it would survive a reset."""
    mallory, victim = next(provider.users), next(provider.users)
    account = await registered(served, victim)
    begun = await link(served, account)
    answer = await served.client.get(await pages.sign_in(begun.json()["url"], mallory))
    assert answer.headers["location"] == FAILED + "oidc_email_unverified"


async def test_an_address_that_the_provider_does_not_vouch_for_makes_no_account(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    answer = await sign_in(served, pages, next(provider.unverified))
    assert answer.headers["location"] == FAILED + "oidc_email_unverified"


async def test_an_identity_belongs_to_one_account(served: Served, provider: Provider, pages: ProviderPages) -> None:
    name = next(provider.users)
    await sign_in(served, pages, name)
    await signed_in(served)
    other = await served.new_user()
    assert served.services is not None
    await served.services.users.set_verified(other.id)
    begun = await link(served, other)
    answer = await served.client.get(await pages.sign_in(begun.json()["url"], name))
    assert answer.headers["location"] == FAILED + "oidc_linked"


async def test_whoever_ends_a_session_ends_what_it_began(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    account = await registered(served, next(provider.users))
    begun = await link(served, account)
    back = await pages.sign_in(begun.json()["url"], account.email.partition("@")[0])
    assert (await served.client.post("/api/auth/logout", headers=account.headers)).status_code == 204
    assert (await served.client.get(back)).headers["location"] == FAILED + "oidc_state_invalid"


async def test_what_was_linked_is_unlinked_where_a_password_is_left(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    name = next(provider.users)
    await sign_in(served, pages, name)
    account = await signed_in(served)
    only = await unlink(served, account, PASSWORD)
    assert (only.status_code, only.json()["code"]) == (409, "oidc_only_way")
    await set_password(served, account)
    account = await served.sign_in(account.email)
    wrong = await unlink(served, account, "a wrong password")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
    assert (await unlink(served, account, PASSWORD)).status_code == 204
    linked = (await served.client.get("/api/auth/oidc/identity", headers=account.headers)).json()
    assert linked == {"identity": None, "has_password": True}


async def test_an_account_without_a_password_is_deleted_after_a_fresh_sign_in(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    name = next(provider.users)
    await sign_in(served, pages, name)
    account = await signed_in(served)
    other = await served.new_user()
    assert (await leave(served, account, password=PASSWORD)).json()["code"] == "wrong_password"
    assert (await leave(served, account, confirmation="made up")).json()["code"] == "confirmation_invalid"
    assert (await leave(served, account)).json()["code"] == "invalid_input"
    assert (await leave(served, account, password=PASSWORD, confirmation="x")).json()["code"] == "invalid_input"
    begun = await served.client.post("/api/auth/oidc/confirm", json={}, headers=account.headers)
    asked = parse_qs(urlsplit(begun.json()["url"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["60"])
    back = (await served.client.get(await pages.sign_in(begun.json()["url"], name))).headers["location"]
    assert back.startswith(f"{PUBLIC_URL}/#/confirmed/")
    confirmation = back.rpartition("/")[2]
    assert (await leave(served, other, confirmation=confirmation)).json()["code"] == "confirmation_invalid"
    export = (await served.client.get("/api/auth/me/export", headers=account.headers)).json()
    assert [row["email"] for row in export["external_identities"]] == [account.email]
    assert (await leave(served, account, confirmation=confirmation)).status_code == 204
    assert (await served.client.get("/api/auth/me", headers=account.headers)).status_code == 401
    await sign_in(served, pages, name)
    assert (await signed_in(served)).id != account.id, "a new account, with nothing of the old one"


async def test_the_audit_log_knows_who_came_through_the_provider(
    served: Served, provider: Provider, pages: ProviderPages
) -> None:
    await sign_in(served, pages, next(provider.users))
    account = await signed_in(served)
    assert served.services is not None
    entries, _ = await served.services.audit.page(AuditFilter(user_id=account.id), 10, None)
    assert {entry.action for entry in entries} == {"registered", "identity_linked", "signed_in"}
    assert all(entry.detail["issuer"] == provider.issuer for entry in entries)


async def registered(served: Served, name: str) -> Account:
    """An account of our own with the address that somebody has at the provider; nobody has verified it."""
    body = {"email": f"{name}@example.com", "password": PASSWORD}
    (await served.client.post("/api/auth/register", json=body)).raise_for_status()
    return await served.sign_in(body["email"])


async def link(served: Served, account: Account, password: str = PASSWORD) -> httpx.Response:
    body = {"password": password, "return_to": "/#/settings"}
    return await served.client.post("/api/auth/oidc/link", json=body, headers=account.headers)


async def unlink(served: Served, account: Account, password: str) -> httpx.Response:
    return await served.client.post("/api/auth/oidc/unlink", json={"password": password}, headers=account.headers)


async def leave(served: Served, account: Account, **body: str) -> httpx.Response:
    return await served.client.post("/api/auth/delete-account", json=body, headers=account.headers)


async def set_password(served: Served, account: Account) -> None:
    """By the link of a reset mail, the way for accounts that have none."""
    assert served.services is not None
    links = Links(OneTimeTokenRepository(served.services.database))
    token = await links.issue("reset", user_id=account.id, email=account.email)
    body = {"token": token, "new_password": PASSWORD}
    assert (await served.client.post("/api/auth/reset-password", json=body)).status_code == 204
