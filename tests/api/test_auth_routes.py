"""Registration, sign-in, refresh and sign-out over HTTP."""

from collections.abc import AsyncIterator
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest

from backend.config import Settings
from tests.support.application import PASSWORD, Account, Served, serve

EMAIL = "ada@example.com"
COOKIE = "aether_refresh"


def cookie_of(response: httpx.Response) -> "Morsel[str]":
    return SimpleCookie(response.headers["set-cookie"])[COOKIE]


async def register(served: Served, email: str = EMAIL) -> httpx.Response:
    return await served.client.post("/api/auth/register", json={"email": email, "password": PASSWORD, "name": "Ada"})


async def login(served: Served, **fields: str) -> httpx.Response:
    served.client.cookies.clear()
    return await served.client.post("/api/auth/login", json={"email": EMAIL, "password": PASSWORD, **fields})


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_registration_answers_the_user_without_any_secret(app_client: Served) -> None:
    response = await register(app_client, "Ada@Example.com")
    assert response.status_code == 201
    user = response.json()["user"]
    assert set(user) == {
        *("id", "email", "name", "role", "plan", "created_at", "verified_at", "locale", "retention_days")
    }
    assert (user["email"], user["name"], user["role"]) == (EMAIL, "Ada", "user")


async def test_an_address_is_registered_once(app_client: Served) -> None:
    await register(app_client)
    assert (await register(app_client, EMAIL.upper())).status_code == 409


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "no address"},
        {"email": "a@b@c"},
        {"email": f"{'a' * 300}@example.com"},
        {"password": "short"},
        {"password": "x" * 1025},
        {"password": EMAIL},
        {"name": ""},
        {"name": "x" * 81},
        {"role": "admin"},
    ],
    ids=str,
)
async def test_a_registration_that_does_not_fit_is_refused(app_client: Served, fields: dict[str, str]) -> None:
    body = {"email": EMAIL, "password": PASSWORD, **fields}
    response = await app_client.client.post("/api/auth/register", json=body)
    assert response.status_code == 422
    assert response.json()["code"] in {"invalid_input", "weak_password"}


async def test_a_browser_gets_the_refresh_token_as_a_cookie_that_scripts_cannot_read(app_client: Served) -> None:
    await register(app_client)
    response = await login(app_client)
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "user"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 600)
    cookie = cookie_of(response)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (
        True,
        "strict",
        "/api/auth",
        "",
    )
    assert int(cookie["max-age"]) == pytest.approx(30 * 86_400, abs=60)
    assert response.headers["cache-control"] == "no-store"


async def test_over_https_the_cookie_is_secure(app_client: Served) -> None:
    await register(app_client)
    body = {"email": EMAIL, "password": PASSWORD}
    response = await app_client.client.post("https://aether.example/api/auth/login", json=body)
    [(name, cookie)] = SimpleCookie(response.headers["set-cookie"]).items()
    assert name == "__Host-aether_refresh", "browsers take this name from this host alone, and only over https"
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "strict", "/")
    assert cookie["domain"] == ""


async def test_a_program_gets_the_refresh_token_in_the_body_and_no_cookie(app_client: Served) -> None:
    await register(app_client)
    response = await login(app_client, transport="body")
    assert "set-cookie" not in response.headers
    token = response.json()["refresh_token"]
    renewed = await app_client.client.post("/api/auth/refresh", json={"refresh_token": token})
    assert renewed.status_code == 200
    assert "set-cookie" not in renewed.headers
    assert renewed.json()["refresh_token"] != token


async def test_the_cookie_is_rotated_and_never_answered_in_a_body(app_client: Served) -> None:
    await register(app_client)
    first = cookie_of(await login(app_client)).value
    response = await app_client.client.post("/api/auth/refresh")
    assert response.status_code == 200
    assert "refresh_token" not in response.json()
    assert cookie_of(response).value != first
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
    me = await app_client.client.get("/api/auth/me", headers=headers)
    assert me.json()["email"] == EMAIL


async def test_a_refresh_without_or_with_a_wrong_token_is_refused(app_client: Served) -> None:
    assert code_of(await app_client.client.post("/api/auth/refresh")) == (401, "refresh_token_invalid")
    wrong = await app_client.client.post("/api/auth/refresh", json={"refresh_token": "a.b.c"})
    assert code_of(wrong) == (401, "refresh_token_invalid")


async def test_wrong_password_and_unknown_address_get_the_same_answer(app_client: Served) -> None:
    await register(app_client)
    answers = [await login(app_client, password="wrong password"), await login(app_client, email="b@example.com")]
    documents = [{**answer.json(), "correlation_id": None} for answer in answers]
    assert documents[0] == documents[1]
    assert code_of(answers[0]) == (401, "invalid_credentials")


async def test_sign_out_ends_the_access_token_and_clears_the_cookie(app_client: Served) -> None:
    await register(app_client)
    signed_in = await login(app_client)
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    response = await app_client.client.post("/api/auth/logout", headers=headers)
    assert response.status_code == 204
    assert cookie_of(response)["max-age"] == "0"
    assert code_of(await app_client.client.get("/api/auth/me", headers=headers)) == (401, "session_revoked")
    reused = {"Cookie": f"{COOKIE}={cookie_of(signed_in).value}"}
    assert (await app_client.client.post("/api/auth/refresh", headers=reused)).status_code == 401


async def test_sign_out_works_with_the_cookie_alone_and_with_nothing_at_all(app_client: Served) -> None:
    await register(app_client)
    signed_in = await login(app_client)
    assert (await app_client.client.post("/api/auth/logout")).status_code == 204
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert (await app_client.client.get("/api/auth/me", headers=headers)).status_code == 401
    app_client.client.cookies.clear()
    assert (await app_client.client.post("/api/auth/logout")).status_code == 204


@pytest.fixture
async def limited(app_settings: Settings) -> AsyncIterator[Served]:
    async with serve(app_settings.model_copy(update={"limit_auth": (3, 900)})) as served:
        yield served


async def test_failed_sign_ins_are_limited_and_say_when_to_come_back(limited: Served) -> None:
    await register(limited)
    for _ in range(3):
        assert (await login(limited, password="wrong password")).status_code == 401
    response = await login(limited)
    assert code_of(response) == (429, "rate_limited")
    assert 0 < int(response.headers["retry-after"]) <= 900


async def test_me_is_the_caller(app_client: Served, user: Account, admin: Account) -> None:
    for account, role in ((user, "user"), (admin, "admin")):
        me = (await app_client.client.get("/api/auth/me", headers=account.headers)).json()
        assert (me["id"], me["email"], me["role"]) == (account.id, account.email, role)


async def test_a_weak_password_is_refused_with_a_hint(app_client: Served) -> None:
    body = {"email": "grace@example.com", "password": "gracegrace", "name": "Grace"}
    response = await app_client.client.post("/api/auth/register", json=body)
    assert code_of(response) == (422, "weak_password")
    strength = response.json()["strength"]
    assert set(strength) == {"score", "warning", "suggestions"}
    assert 0 <= strength["score"] <= 4
    assert strength["suggestions"]
    assert "grace" not in response.text


async def test_composition_rules_are_a_setting(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"password_composition": True})) as served:
        assert code_of(await register(served)) == (422, "weak_password")
        body = {"email": "composed@example.com", "password": "Correct horse battery 7!"}
        assert (await served.client.post("/api/auth/register", json=body)).status_code == 201
