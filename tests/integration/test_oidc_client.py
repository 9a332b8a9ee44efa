"""The client against an issuer that lies: what is refused, what it is asked for how often, and for how long."""

import asyncio
import base64
import gzip
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey

from backend.domain.external_identities import ProviderUser
from backend.errors import OidcRefused, OidcUnavailable
from backend.services.oidc import Flows, OidcClient, OidcSettings
from tests.support.lying_issuer import CLIENT_ID, SUBJECT, LyingIssuer, encoded, lying_issuer, new_key, public, unsigned

SECRET = "secret of the client, as long as they are"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def issuer() -> AsyncIterator[LyingIssuer]:
    async with lying_issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(issuer: LyingIssuer, clock: Clock) -> AsyncIterator[OidcClient]:
    client = OidcClient(settings_of(issuer), timeout_s=5, monotonic=clock)
    yield client
    await client.close()


def settings_of(issuer: LyingIssuer) -> OidcSettings:
    return OidcSettings(issuer.url, CLIENT_ID, SECRET, "https://aether.example", loopback_only=True)


async def sign_in(client: OidcClient, issuer: LyingIssuer) -> ProviderUser:
    flow = Flows(b"k" * 32).begin("sign_in", "/")
    answer = issuer.authorize(await client.authorization_url(flow))
    assert answer["state"] == flow.state
    return await client.exchange(answer["code"], flow)


async def test_who_signed_in_is_what_the_id_token_says(client: OidcClient, issuer: LyingIssuer) -> None:
    issuer.claims = {"email": "Ada@Example.com", "name": " Ada\n\u202eLovelace ", "locale": "pl-PL", "auth_time": 1e9}
    who = await sign_in(client, issuer)
    assert (who.issuer, who.subject, who.email, who.email_verified) == (issuer.url, SUBJECT, "ada@example.com", True)
    assert (who.name, who.locale, who.administrator) == ("Ada Lovelace", "pl", None)
    assert who.signed_in_at is not None
    assert who.signed_in_at.year == 2001


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"iss": "https://accounts.example.com"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 4_000_000_000},
        {"iat": None},
        {"nbf": 4_000_000_000},
        {"at_hash": "of another token"},
        {"at_hash": 7},
        {"auth_time": "yesterday"},
    ],
    ids=str,
)
async def test_claims_that_do_not_hold_are_refused(
    client: OidcClient, issuer: LyingIssuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    with pytest.raises(OidcRefused) as caught:
        await sign_in(client, issuer)
    assert caught.value.code == "oidc_failed"


def hs256(claims: dict[str, Any], secret: bytes, **header: str) -> str:
    signed = f"{encoded({'alg': 'HS256', **header})}.{encoded(claims)}"
    signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{encoded_bytes(signature)}"


def encoded_bytes(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


FORGERIES: dict[str, Callable[[LyingIssuer, dict[str, Any]], str]] = {
    "no signature": lambda _issuer, claims: unsigned(claims),
    "none, spelled otherwise": lambda _issuer, claims: f"{encoded({'alg': 'nOnE', 'kid': 'first'})}.{encoded(claims)}.",
    "HS256 with the public key": lambda issuer, claims: hs256(claims, issuer.key.as_pem(private=False), kid="first"),
    "HS256 with the client's secret": lambda _issuer, claims: hs256(claims, SECRET.encode(), kid="first"),
    "another key with the same id": lambda _issuer, claims: jwt.encode(
        {"alg": "RS256", "kid": "first"}, claims, new_key("first")
    ),
    "its own key in the header": lambda _issuer, claims: own_key(claims),
    "a key of another kind": lambda _issuer, claims: jwt.encode(
        {"alg": "ES256", "kid": "first"}, claims, ECKey.generate_key("P-256")
    ),
    "cut off": lambda issuer, claims: issuer.signed(claims)[:-8],
    "no JWT": lambda _issuer, _claims: "x",
    "an unknown critical header": lambda issuer, claims: critical(issuer, claims),
}


def own_key(claims: dict[str, Any]) -> str:
    key = new_key("first")
    return jwt.encode({"alg": "RS256", "kid": "first", "jwk": public(key)}, claims, key)


def critical(issuer: LyingIssuer, claims: dict[str, Any]) -> str:
    _header, payload, signature = issuer.signed(claims).split(".")
    return f"{encoded({'alg': 'RS256', 'kid': 'first', 'crit': ['x'], 'x': 1})}.{payload}.{signature}"


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_forged_signatures_are_refused(client: OidcClient, issuer: LyingIssuer, forgery: str) -> None:
    issuer.id_token = lambda claims: FORGERIES[forgery](issuer, claims)
    with pytest.raises(OidcRefused):
        await sign_in(client, issuer)


async def test_new_keys_are_fetched_for_an_unknown_key_id_and_not_too_often(
    client: OidcClient, issuer: LyingIssuer, clock: Clock
) -> None:
    await sign_in(client, issuer)
    await sign_in(client, issuer)
    assert issuer.asked["/keys"] == 1
    issuer.key = new_key("second")
    issuer.published.append(public(issuer.key))
    clock.now += 10
    await sign_in(client, issuer)
    assert issuer.asked["/keys"] == 2
    issuer.key = new_key("never published")
    for _ in range(3):
        with pytest.raises(OidcRefused):
            await sign_in(client, issuer)
    assert issuer.asked["/keys"] == 2
    clock.now += 10
    for _ in range(3):
        with pytest.raises(OidcRefused):
            await sign_in(client, issuer)
    assert issuer.asked["/keys"] == 3


async def test_a_withdrawn_key_is_forgotten_within_the_hour(
    client: OidcClient, issuer: LyingIssuer, clock: Clock
) -> None:
    await sign_in(client, issuer)
    issuer.published = [public(new_key("second"))]
    clock.now += 3601
    with pytest.raises(OidcRefused):
        await sign_in(client, issuer)


@pytest.mark.parametrize("change", [{"use": "enc"}, {"kty": "oct", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQ"}, {"n": "AQAB"}])
async def test_keys_that_may_not_sign_are_no_keys(
    client: OidcClient, issuer: LyingIssuer, change: dict[str, str]
) -> None:
    issuer.published = [issuer.published[0] | change]
    with pytest.raises(OidcUnavailable):
        await sign_in(client, issuer)


async def test_a_short_key_is_no_key(client: OidcClient, issuer: LyingIssuer) -> None:
    with pytest.warns(SecurityWarning):
        issuer.key = new_key("short", 1024)
    issuer.published = [public(issuer.key)]
    with pytest.raises(OidcUnavailable):
        await sign_in(client, issuer)


async def test_what_the_id_token_lacks_is_asked_for(client: OidcClient, issuer: LyingIssuer) -> None:
    issuer.claims = {"email": None, "email_verified": None}
    issuer.userinfo = {"sub": SUBJECT, "email": "ada@example.com", "email_verified": "true"}
    who = await sign_in(client, issuer)
    assert (who.email, who.email_verified) == ("ada@example.com", True)


async def test_an_address_is_never_vouched_for_by_what_was_said_of_another_one(
    client: OidcClient, issuer: LyingIssuer
) -> None:
    issuer.claims = {"email": "victim@example.com", "email_verified": None}
    issuer.userinfo = {"sub": SUBJECT, "email": "mallory@example.com", "email_verified": True}
    assert (await sign_in(client, issuer)).email == "mallory@example.com"


async def test_what_is_said_of_somebody_else_is_refused(client: OidcClient, issuer: LyingIssuer) -> None:
    issuer.claims = {"email": None}
    issuer.userinfo = {"sub": "somebody else", "email": "ada@example.com", "email_verified": True}
    with pytest.raises(OidcRefused):
        await sign_in(client, issuer)


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes", [True]])
async def test_only_a_plain_yes_vouches_for_an_address(
    client: OidcClient, issuer: LyingIssuer, verified: object
) -> None:
    issuer.claims = {"email_verified": verified}
    assert not (await sign_in(client, issuer)).email_verified


@pytest.mark.parametrize("email", ["no address", "a@b@c", "ada@example.com\n", "", 7, "x" * 300 + "@example.com"])
async def test_what_is_no_address_is_none(client: OidcClient, issuer: LyingIssuer, email: object) -> None:
    issuer.claims = {"email": email}
    assert (await sign_in(client, issuer)).email == ""


@pytest.mark.parametrize(
    ("found", "administrator"),
    [(["users", "operators"], True), ("operators", True), (["users"], False), ("non-operators", False), (None, False)],
)
async def test_a_claim_says_who_is_an_administrator(issuer: LyingIssuer, found: object, administrator: bool) -> None:
    client = OidcClient(replace(settings_of(issuer), admin_claim="groups", admin_value="operators"))
    issuer.claims = {"groups": found}
    assert (await sign_in(client, issuer)).administrator is administrator
    await client.close()


BROKEN: dict[str, Callable[[], web.StreamResponse]] = {
    "an error": lambda: web.json_response({}, status=500),
    "not found": lambda: web.json_response({}, status=404),
    "no JSON": lambda: web.Response(text="<html>"),
    "no object": lambda: web.json_response([]),
    "empty": lambda: web.json_response({}),
    "somewhere else": lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
    "huge": lambda: web.json_response({"keys": ["x" * 300_000]}),
    "compressed": lambda: web.Response(body=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
@pytest.mark.parametrize("broken", BROKEN)
async def test_a_provider_that_does_not_describe_itself_is_unavailable(
    client: OidcClient, issuer: LyingIssuer, path: str, broken: str
) -> None:
    issuer.answers[path] = BROKEN[broken]
    with pytest.raises(OidcUnavailable):
        await sign_in(client, issuer)
    assert issuer.asked["/elsewhere"] == 0


async def test_a_thousand_keys_are_too_many(client: OidcClient, issuer: LyingIssuer) -> None:
    issuer.published = [{"kty": "RSA"}] * 1000
    with pytest.raises(OidcUnavailable):
        await sign_in(client, issuer)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://accounts.example.com"},
        {"issuer": None},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"token_endpoint": "https://192.0.2.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"userinfo_endpoint": 7},
    ],
    ids=str,
)
async def test_a_description_that_leads_elsewhere_is_refused(
    client: OidcClient, issuer: LyingIssuer, discovery: dict[str, object]
) -> None:
    """Where tests may ask: on this machine only. Elsewhere https would do."""
    issuer.discovery = discovery
    with pytest.raises(OidcUnavailable):
        await sign_in(client, issuer)


async def test_a_slow_token_endpoint_meets_the_deadline(issuer: LyingIssuer) -> None:
    client = OidcClient(settings_of(issuer), timeout_s=0.2)
    issuer.released.clear()
    async with asyncio.timeout(5):
        with pytest.raises(OidcUnavailable):
            await sign_in(client, issuer)
    await client.close()


async def test_answers_that_come_byte_by_byte_meet_the_deadline_too(issuer: LyingIssuer) -> None:
    client = OidcClient(settings_of(issuer), timeout_s=0.3)

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not issuer.released.is_set():
            await response.write(b" ")
            await asyncio.sleep(0.01)
        return response

    issuer.released.clear()
    issuer.stream = trickle
    async with asyncio.timeout(5):
        with pytest.raises(OidcUnavailable):
            await sign_in(client, issuer)
    await client.close()


async def test_a_provider_that_is_away_is_not_asked_by_everybody(issuer: LyingIssuer, clock: Clock) -> None:
    client = OidcClient(settings_of(issuer), monotonic=clock)
    path = "/.well-known/openid-configuration"
    issuer.answers[path] = BROKEN["an error"]
    outcomes = await asyncio.gather(*(sign_in(client, issuer) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(outcome, OidcUnavailable) for outcome in outcomes)
    assert issuer.asked[path] == 1
    del issuer.answers[path]
    clock.now += 3
    assert (await sign_in(client, issuer)).subject == SUBJECT
    issuer.answers[path] = BROKEN["an error"]
    clock.now += 3601
    assert (await sign_in(client, issuer)).subject == SUBJECT, "what was known before still serves"
    await client.close()


@pytest.mark.parametrize(
    ("answer", "family"),
    [
        ({"error": "invalid_grant", "error_description": "<b>"}, OidcRefused),
        ({"error": "invalid_client"}, OidcUnavailable),
    ],
)
async def test_a_code_that_is_worth_nothing_is_refused(
    client: OidcClient, issuer: LyingIssuer, answer: dict[str, str], family: type[Exception]
) -> None:
    issuer.answers["/token"] = lambda: web.json_response(answer, status=400)
    with pytest.raises(family) as caught:
        await sign_in(client, issuer)
    assert "<b>" not in str(caught.value)


@pytest.mark.parametrize("answer", [{}, {"access_token": "x"}, {"id_token": 7, "access_token": "x"}])
async def test_an_answer_without_tokens_is_refused(
    client: OidcClient, issuer: LyingIssuer, answer: dict[str, object]
) -> None:
    issuer.answers["/token"] = lambda: web.json_response(answer)
    with pytest.raises(OidcRefused):
        await sign_in(client, issuer)


@pytest.mark.parametrize(
    ("supported", "secret", "place"),
    [
        (None, SECRET, "header"),
        (["client_secret_post", "client_secret_basic"], SECRET, "header"),
        (["client_secret_post"], SECRET, "body"),
        (["client_secret_basic"], "", "nowhere"),
    ],
)
async def test_the_client_shows_who_it_is_as_the_provider_wants_it(
    issuer: LyingIssuer, supported: list[str] | None, secret: str, place: str
) -> None:
    client = OidcClient(replace(settings_of(issuer), client_secret=secret))
    issuer.discovery = {"token_endpoint_auth_methods_supported": supported} if supported else {}
    await sign_in(client, issuer)
    assert issuer.authenticated == place
    await client.close()


@pytest.mark.parametrize(
    ("named", "has_to", "accepted"),
    [(None, False, True), (None, True, False), ("own", True, True), ("https://accounts.example.com", False, False)],
)
async def test_an_answer_of_another_issuer_is_refused(
    client: OidcClient, issuer: LyingIssuer, named: str | None, has_to: bool, accepted: bool
) -> None:
    issuer.discovery = {"authorization_response_iss_parameter_supported": has_to}
    try:
        await client.check_issuer(issuer.url if named == "own" else named)
    except OidcRefused:
        assert not accepted
    else:
        assert accepted
