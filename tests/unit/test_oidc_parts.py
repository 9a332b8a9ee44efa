"""Parts of the sign-in through a provider: what a browser keeps meanwhile, and which addresses are asked at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey
from pydantic import ValidationError

from backend.domain.addresses import RefusedAddress, check_address
from backend.services.oidc import Flows
from tests.conftest import MakeSettings

KEY = bytes(range(32))


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_flow_comes_back_as_it_was_and_tells_its_keeper_nothing() -> None:
    flows = Flows(KEY)
    flow = flows.begin("link", "/#/settings", user_id="user_ada", session_id="sess_1")
    sealed = flows.seal(flow)
    assert flows.unseal(sealed) == flow
    assert flow.nonce not in repr(flow)
    parts = [part.encode() for part in (flow.state, flow.nonce, flow.verifier, "user_ada")]
    assert not any(part in sealed.encode() for part in parts)
    assert len({flow.state, flow.nonce, flow.verifier}) == 3


def test_a_flow_ends_after_ten_minutes() -> None:
    clock = Clock()
    flows = Flows(KEY, clock=clock)
    sealed = flows.seal(flows.begin("sign_in", "/"))
    clock.now += 599
    assert flows.unseal(sealed)
    clock.now += 1
    assert flows.unseal(sealed) is None


def test_a_flow_of_another_key_or_changed_on_the_way_is_none() -> None:
    flows = Flows(KEY)
    sealed = flows.seal(flows.begin("sign_in", "/"))
    assert Flows(bytes(32)).unseal(sealed) is None
    for place in range(0, len(sealed), 7):
        other = "A" if sealed[place] != "A" else "B"
        assert flows.unseal(sealed[:place] + other + sealed[place + 1 :]) is None
    foreign = jwe.encrypt_compact(
        {"alg": "A256GCMKW", "enc": "A256GCM"}, b"{}", OctKey.import_key(KEY), ["A256GCMKW", "A256GCM"]
    )
    assert flows.unseal(foreign) is None


@given(st.text(max_size=5000))
def test_no_cookie_raises(text: str) -> None:
    assert Flows(KEY).unseal(text) is None


@pytest.mark.parametrize(
    "url", ["https://id.example.com", "https://id.example.com/realms/a", "http://127.0.0.1:8080", "http://[::1]/x"]
)
def test_providers_are_asked_with_tls_or_on_this_machine(url: str) -> None:
    assert check_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "ftp://id.example.com",
        "javascript:alert(1)",
        "//id.example.com",
        "https://",
        "https://user:word@id.example.com",
        "https://id.example.com:port",
        "https://[::1",
        "",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(RefusedAddress):
        check_address(url)


def test_tests_ask_on_this_machine_only() -> None:
    with pytest.raises(RefusedAddress):
        check_address("https://id.example.com", loopback_only=True)


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"oidc_issuer": "http://id.example.com"}, "https is needed"),
        ({"oidc_issuer": "https://id.example.com"}, "OIDC_CLIENT_ID"),
        ({"oidc_issuer": "https://id.example.com", "oidc_client_id": "a", "env": "production"}, "AETHER_PUBLIC_URL"),
        ({"oidc_issuer": "https://id.example.com", "oidc_client_id": "a", "oidc_scopes": "email"}, "openid"),
        ({"oidc_admin_claim": "groups"}, "OIDC_ADMIN_VALUE"),
    ],
)
def test_what_is_missing_is_named(settings: MakeSettings, fields: dict[str, object], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        settings(**fields)


def test_domains_are_a_list(settings: MakeSettings) -> None:
    assert settings(oidc_allowed_domains="Example.com, example.org,").oidc_allowed_domains == (
        *("example.com", "example.org"),
    )
