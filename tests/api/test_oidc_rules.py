"""Who may come in through a provider, and where nobody is sent: with an issuer of the tests' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pyotp
import pytest
from pydantic import SecretStr

from backend.config import Settings
from tests.support.application import ADMIN_EMAIL, PASSWORD, Account, Served, serve
from tests.support.lying_issuer import CLIENT_ID, LyingIssuer, lying_issuer

PUBLIC_URL = "https://chat.example.com"
FAILED = f"{PUBLIC_URL}/#/sign-in-failed/"


@pytest.fixture
async def issuer() -> AsyncIterator[LyingIssuer]:
    async with lying_issuer() as issuer:
        yield issuer


@pytest.fixture
def oidc_settings(app_settings: Settings, issuer: LyingIssuer) -> Settings:
    fields = {
        "oidc_issuer": issuer.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr("secret"),
        "public_url": PUBLIC_URL,
    }
    return app_settings.model_copy(update=fields)


@pytest.fixture
async def served(oidc_settings: Settings) -> AsyncIterator[Served]:
    async with at_home(oidc_settings) as served:
        yield served


@asynccontextmanager
async def at_home(settings: Settings) -> AsyncIterator[Served]:
    """Served where its users find it: with TLS."""
    async with serve(settings) as served:
        served.client.base_url = httpx.URL(PUBLIC_URL)
        yield served


async def sign_in(served: Served, issuer: LyingIssuer, return_to: str = "/") -> httpx.Response:
    """The answer of the callback."""
    begun = await served.client.get("/api/auth/oidc/start", params={"return_to": return_to})
    return await come_back(served, issuer, begun.headers["location"])


async def come_back(served: Served, issuer: LyingIssuer, url: str) -> httpx.Response:
    return await served.client.get("/api/auth/oidc/callback", params=issuer.authorize(url))


async def signed_in(served: Served) -> Account:
    body = (await served.client.post("/api/auth/refresh")).json()
    served.client.cookies.clear()
    return Account(body["user"]["id"], body["user"]["email"], {"Authorization": f"Bearer {body['access_token']}"})


async def role_of(served: Served, account: Account) -> tuple[int, str]:
    answer = await served.client.get("/api/auth/me", headers=account.headers)
    return answer.status_code, answer.json().get("role") or answer.json()["code"]


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "@evil.example",
        "/a\\b",
        "/" + "x" * 500,
    ],
)
async def test_nobody_is_sent_to_another_place(app_client: Served, place: str) -> None:
    answer = await app_client.client.get("/api/auth/oidc/start", params={"return_to": place})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "place", ["/", "/c/1?x=//evil.example", "/.//evil.example", "/%2f%2fevil.example", "/@evil#/x"]
)
async def test_whatever_the_path_is_it_is_one_of_this_server(served: Served, issuer: LyingIssuer, place: str) -> None:
    location = (await sign_in(served, issuer, place)).headers["location"]
    assert location.startswith(f"{PUBLIC_URL}/")
    assert httpx.URL(location).host == "chat.example.com"


async def test_with_tls_no_other_host_can_set_the_cookies(served: Served, issuer: LyingIssuer) -> None:
    begun = await served.client.get("/api/auth/oidc/start")
    assert begun.headers["set-cookie"].startswith("__Host-aether_oidc=")
    assert "Secure" in begun.headers["set-cookie"]
    done = await come_back(served, issuer, begun.headers["location"])
    names = {cookie.partition("=")[0] for cookie in done.headers.get_list("set-cookie")}
    assert names == {"__Host-aether_refresh", "__Host-aether_oidc"}
    assert "__Host-aether_oidc" not in served.client.cookies


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "oidc_denied"),
        ("login_required", "oidc_denied"),
        ("temporarily_unavailable", "oidc_unavailable"),
        ("<script>alert(1)</script>", "oidc_failed"),
        ("invalid_request", "oidc_failed"),
    ],
)
async def test_the_providers_words_go_no_further(served: Served, issuer: LyingIssuer, error: str, code: str) -> None:
    begun = await served.client.get("/api/auth/oidc/start")
    state = issuer.authorize(begun.headers["location"])["state"]
    params = {"state": state, "error": error, "error_description": "<b>words</b>"}
    answer = await served.client.get("/api/auth/oidc/callback", params=params)
    assert (answer.status_code, answer.headers["location"]) == (302, FAILED + code)
    assert "words" not in str(answer.headers) + answer.text


async def test_a_provider_that_is_away_closes_no_other_door(app_client: Served) -> None:
    away = await app_client.client.get("/api/auth/oidc/start")
    assert away.headers["location"].endswith("/#/sign-in-failed/oidc_unavailable")
    account = await app_client.new_user()
    link = {"password": PASSWORD}
    answer = await app_client.client.post("/api/auth/oidc/link", json=link, headers=account.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "oidc_unavailable")


async def test_without_a_provider_there_is_nothing_to_begin(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"oidc_issuer": ""})) as served:
        assert (await served.client.get("/api/auth/oidc")).json() == {"enabled": False, "name": None}
        for path in ("start", "callback"):
            answer = await served.client.get(f"/api/auth/oidc/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "oidc_off")


async def test_sign_in_makes_no_account_where_that_is_switched_off(
    oidc_settings: Settings, issuer: LyingIssuer
) -> None:
    async with at_home(oidc_settings.model_copy(update={"oidc_auto_register": False})) as served:
        assert (await sign_in(served, issuer)).headers["location"] == FAILED + "oidc_not_registered"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"email": "eve@example.org"}, "oidc_domain_refused"),
        ({"email": "eve@sub.example.com"}, "oidc_domain_refused"),
        ({"email": "ada@example.com", "email_verified": False}, "oidc_domain_refused"),
        ({"email": "ada@EXAMPLE.com"}, None),
    ],
)
async def test_only_addresses_of_some_domains_may_sign_in(
    oidc_settings: Settings, issuer: LyingIssuer, claims: dict[str, object], code: str | None
) -> None:
    issuer.claims = claims
    async with at_home(oidc_settings.model_copy(update={"oidc_allowed_domains": ("example.com",)})) as served:
        expected = FAILED + code if code else f"{PUBLIC_URL}/"
        assert (await sign_in(served, issuer)).headers["location"] == expected


async def test_a_changed_address_is_the_same_person_and_a_reused_one_is_not(
    served: Served, issuer: LyingIssuer
) -> None:
    await sign_in(served, issuer)
    account = await signed_in(served)
    issuer.claims = {"email": "countess@example.com"}
    await sign_in(served, issuer)
    assert (await signed_in(served)).id == account.id
    issuer.claims = {"sub": "who has the address of ada now", "email": "ada@example.com"}
    assert (await sign_in(served, issuer)).headers["location"] == FAILED + "oidc_linked"


async def test_an_administrators_account_is_linked_by_its_password_only(served: Served, issuer: LyingIssuer) -> None:
    issuer.claims = {"email": ADMIN_EMAIL}
    assert (await sign_in(served, issuer)).headers["location"] == FAILED + "oidc_account_exists"


async def test_an_account_with_a_second_factor_is_linked_by_its_password_only(
    served: Served, issuer: LyingIssuer
) -> None:
    account = await served.new_user()
    assert served.services is not None
    await served.services.users.set_verified(account.id)
    enrol = {"password": PASSWORD}
    begun = await served.client.post("/api/auth/mfa/enroll", json=enrol, headers=account.headers)
    code = pyotp.TOTP(begun.json()["secret"]).now()
    done = await served.client.post("/api/auth/mfa/confirm", json={"code": code}, headers=account.headers)
    assert done.status_code == 200, done.text
    issuer.claims = {"email": account.email}
    assert (await sign_in(served, issuer)).headers["location"] == FAILED + "oidc_account_exists"


async def test_a_claim_makes_administrators_and_takes_it_back(oidc_settings: Settings, issuer: LyingIssuer) -> None:
    mapping = {"oidc_admin_claim": "groups", "oidc_admin_value": "operators"}
    async with at_home(oidc_settings.model_copy(update=mapping)) as served:
        await sign_in(served, issuer)
        before = await signed_in(served)
        assert await role_of(served, before) == (200, "user")
        issuer.claims = {"groups": ["operators"]}
        await sign_in(served, issuer)
        promoted = await signed_in(served)
        assert await role_of(served, promoted) == (200, "admin")
        assert await role_of(served, before) == (401, "session_revoked")
        issuer.claims = {"groups": []}
        await sign_in(served, issuer)
        assert await role_of(served, await signed_in(served)) == (200, "user")
        assert await role_of(served, promoted) == (401, "session_revoked")


async def test_a_provider_that_asks_for_no_password_confirms_nothing(served: Served, issuer: LyingIssuer) -> None:
    await sign_in(served, issuer)
    account = await signed_in(served)
    for claims, code in (
        ({}, "oidc_not_fresh"),
        ({"auth_time": 1_700_000_000}, "oidc_not_fresh"),
        ({"sub": "somebody else", "auth_time": 4_000_000_000}, "oidc_failed"),
    ):
        issuer.claims = claims
        begun = await served.client.post("/api/auth/oidc/confirm", json={}, headers=account.headers)
        answer = await come_back(served, issuer, begun.json()["url"])
        assert answer.headers["location"] == FAILED + code, claims
