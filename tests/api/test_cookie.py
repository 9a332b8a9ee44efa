"""The cookie that holds the refresh token: no page of another site gets anything done with it."""

import re

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from backend.config import Settings
from backend.routes.cookies import HTTPS_NAME, NAME, refresh_cookie
from backend.server import ROUTES
from tests.support.access import ACCESS
from tests.support.application import PASSWORD, Account, Served, serve

pytestmark = pytest.mark.shared_database

FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://sibling.aether.example", "Sec-Fetch-Site": "same-site"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
)
OWN: tuple[dict[str, str], ...] = (
    {},
    {"Origin": "http://aether.example"},
    {"Origin": "http://aether.example", "Sec-Fetch-Site": "same-origin"},
)


async def login(served: Served, account: Account, headers: dict[str, str], **fields: str) -> httpx.Response:
    body = {"email": account.email, "password": PASSWORD, **fields}
    return await served.client.post("/api/auth/login", json=body, headers=headers)


async def post(served: Served, path: str, headers: dict[str, str]) -> httpx.Response:
    return await served.client.post(f"/api/auth/{path}", headers=headers)


def refused(response: httpx.Response) -> bool:
    return (response.status_code, response.json().get("code")) == (403, "foreign_origin")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_page_of_another_site_neither_refreshes_nor_signs_out_nor_signs_in(
    app_client: Served, user: Account, headers: dict[str, str]
) -> None:
    assert (await login(app_client, user, {})).status_code == 200
    assert refused(await post(app_client, "refresh", headers))
    assert refused(await post(app_client, "logout", headers))
    assert refused(await login(app_client, user, headers))
    assert (await post(app_client, "refresh", {})).status_code == 200, "the sign-in was left alone"


@pytest.mark.parametrize("headers", OWN, ids=str)
async def test_the_servers_own_page_and_programs_may(
    app_client: Served, user: Account, headers: dict[str, str]
) -> None:
    assert (await login(app_client, user, headers)).status_code == 200
    assert (await post(app_client, "refresh", headers)).status_code == 200
    assert (await post(app_client, "logout", headers)).status_code == 204


async def test_tokens_in_the_body_are_nobodys_cookie(app_client: Served, user: Account) -> None:
    """A page elsewhere that holds its own tokens, where CORS lets it, is a program like any other."""
    headers = {"Origin": "https://elsewhere.example"}
    signed_in = await login(app_client, user, headers, transport="body")
    assert signed_in.status_code == 200
    body = {"refresh_token": signed_in.json()["refresh_token"]}
    assert (await app_client.client.post("/api/auth/refresh", json=body, headers=headers)).status_code == 200


async def test_the_public_address_is_an_origin_of_its_own(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"public_url": "https://chat.example.com/aether"})) as served:
        user = await served.new_user()
        assert (await login(served, user, {"Origin": "https://chat.example.com"})).status_code == 200
        assert refused(await login(served, user, {"Origin": "https://evil.example.com"}))


async def test_over_https_a_cookie_that_a_plain_page_could_set_counts_for_nothing(
    app_client: Served, user: Account
) -> None:
    token = (await login(app_client, user, {}, transport="body")).json()["refresh_token"]
    url = "https://aether.example/api/auth/refresh"
    injected = await app_client.client.post(url, headers={"Cookie": f"{NAME}={token}"})
    assert (injected.status_code, injected.json()["code"]) == (401, "refresh_token_invalid")
    right = await app_client.client.post(url, headers={"Cookie": f"{HTTPS_NAME}={token}"})
    assert right.status_code == 200


async def test_signing_out_over_https_clears_the_cookie_that_was_set(app_client: Served, user: Account) -> None:
    client, body = app_client.client, {"email": user.email, "password": PASSWORD}
    await client.post("https://aether.example/api/auth/login", json=body)
    cleared = (await client.post("https://aether.example/api/auth/logout")).headers["set-cookie"]
    assert re.match(rf'{HTTPS_NAME}="";', cleared)
    assert all(part in cleared for part in ("Max-Age=0", "Path=/;", "Secure", "HttpOnly", "SameSite=strict"))


async def test_in_production_the_cookie_is_for_https_whatever_the_proxy_says(app_settings: Settings) -> None:
    production = app_settings.model_copy(update={"env": "production", "secret_key": SecretStr("0123456789abcdef" * 4)})
    async with serve(production) as served:
        answer = await login(served, await served.new_user(), {})
        assert answer.headers["set-cookie"].startswith(f"{HTTPS_NAME}=")
        assert "Secure" in answer.headers["set-cookie"]


def test_no_route_reads_a_cookie_but_through_the_one_door() -> None:
    """And every one that does says so in the table of who may call what."""
    by_cookie = set()
    for module in ROUTES:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            assert not route.dependant.cookie_params, route.path
            for dependency in route.dependant.dependencies:
                if dependency.cookie_params:
                    assert dependency.call is refresh_cookie
                    by_cookie.add(route.name)
    assert by_cookie == {"refresh", "logout"}
    assert all(ACCESS[name].by_cookie for name in by_cookie)
