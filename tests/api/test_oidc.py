"""Sign-in through a real OpenID provider on loopback, driven as a browser would."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pydantic import SecretStr

from backend.config import Settings
from tests.support.application import Account, Served, serve
from tests.support.oidc import PUBLIC_URL, Provider, ProviderPages, canaille

FAILED = f"{PUBLIC_URL}/#/sign-in-failed/"


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
