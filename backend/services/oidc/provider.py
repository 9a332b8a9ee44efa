"""The client of the provider: where browsers are sent, and what a code that they come back with is worth."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from email_validator import EmailNotValidError, validate_email

from backend.domain.external_identities import ProviderUser
from backend.domain.users import DEFAULT_LOCALE
from backend.services.oidc.fetching import TIMEOUT_S, Fetcher, unavailable
from backend.services.oidc.flows import Flow
from backend.services.oidc.id_tokens import LEEWAY_S, Claims, IdTokens, refused
from backend.services.oidc.issuer import Issuer, Metadata

ADDRESS = ("email", "email_verified")
NAME_CHARACTERS = 80
EMAIL_CHARACTERS = 254
FORM = "application/x-www-form-urlencoded;charset=UTF-8"
INVALID_CLIENT = "invalid_client"


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """public_url: where users find this server. name: on the button. allowed_domains: of addresses, empty for all.

    admin_claim, admin_value: a claim and what it contains for administrators; an empty claim asks for none.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    scopes: str = "openid email profile"
    name: str = ""
    allowed_domains: tuple[str, ...] = ()
    auto_register: bool = True
    admin_claim: str = ""
    admin_value: str = ""
    loopback_only: bool = False

    @property
    def redirect_uri(self) -> str:
        return f"{self.public_url}/api/auth/oidc/callback"


class OidcClient:
    """clock: seconds since the epoch. monotonic: seconds. Nothing is asked of the provider before somebody comes."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._fetcher = Fetcher(timeout_s=timeout_s, loopback_only=settings.loopback_only)
        self._issuer = Issuer(settings.issuer, self._fetcher, loopback_only=settings.loopback_only, clock=monotonic)
        self._id_tokens = IdTokens(self._issuer, settings.client_id, clock=clock)

    async def close(self) -> None:
        await self._fetcher.close()

    async def authorization_url(self, flow: Flow) -> str:
        """Raises OidcUnavailable."""
        metadata = await self._issuer.metadata()
        again = {"prompt": "login", "max_age": str(LEEWAY_S)} if flow.intent == "confirm" else {}
        url: str = prepare_grant_uri(
            metadata.authorization_endpoint,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._settings.redirect_uri,
            scope=self._settings.scopes,
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
            **again,
        )
        return url

    async def check_issuer(self, named: str | None) -> None:
        """Of an answer, where it names its issuer or has to (RFC 9207). Raises OidcRefused, OidcUnavailable."""
        metadata = await self._issuer.metadata()
        if named != self._settings.issuer and (named is not None or metadata.names_itself):
            raise refused("the answer names another issuer")

    async def exchange(self, code: str, flow: Flow) -> ProviderUser:
        """Who signed in. Raises OidcRefused, OidcUnavailable."""
        metadata = await self._issuer.metadata()
        answer = await self._token(metadata, code, flow)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise refused("no tokens")
        claims = await self._id_tokens.verify(id_token, access_token, flow.nonce)
        if metadata.userinfo_endpoint and not claims.keys() >= self._needed():
            claims = merged(claims, await self._userinfo(metadata, access_token, claims["sub"]))
        return self._user(claims)

    def _needed(self) -> set[str]:
        return {*ADDRESS, self._settings.admin_claim} - {""}

    async def _token(self, metadata: Metadata, code: str, flow: Flow) -> dict[str, Any]:
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._settings.redirect_uri, code_verifier=flow.verifier
        )
        auth = ClientAuth(
            self._settings.client_id, self._settings.client_secret, auth_method_of(self._settings, metadata)
        )
        url, headers, body = auth.prepare("POST", metadata.token_endpoint, {"Content-Type": FORM}, body)
        status, answer = await self._fetcher.post(url, headers, body)
        if status == 200:
            return answer
        if answer.get("error") == INVALID_CLIENT:
            raise unavailable("it does not know this client: OIDC_CLIENT_ID, OIDC_CLIENT_SECRET")
        raise refused(f"token endpoint: status {status}")

    async def _userinfo(self, metadata: Metadata, access_token: str, subject: str) -> Claims:
        found = await self._fetcher.get(metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise refused("userinfo of somebody else")
        return found

    def _user(self, claims: Claims) -> ProviderUser:
        return ProviderUser(
            issuer=self._settings.issuer,
            subject=claims["sub"],
            email=address_of(claims.get("email", "")),
            # Some send the word: Apple and Cognito do.
            email_verified=claims.get("email_verified") is True or claims.get("email_verified") == "true",
            name=name_of(claims.get("name")),
            locale="pl" if str(claims.get("locale", "")).lower().startswith("pl") else DEFAULT_LOCALE,
            signed_in_at=instant_of(claims.get("auth_time")),
            administrator=self._administrator(claims),
        )

    def _administrator(self, claims: Claims) -> bool | None:
        if not self._settings.admin_claim:
            return None
        found = claims.get(self._settings.admin_claim)
        return self._settings.admin_value in (found if isinstance(found, list) else [found])


def merged(claims: Claims, userinfo: Claims) -> Claims:
    """The ID token's word counts, but an address and whether it is verified always come from one place."""
    if not claims.keys() >= set(ADDRESS):
        claims = {name: value for name, value in claims.items() if name not in ADDRESS}
    else:
        userinfo = {name: value for name, value in userinfo.items() if name not in ADDRESS}
    return userinfo | claims


def address_of(claim: object) -> str:
    """In lower case; empty where it is none."""
    try:
        found = validate_email(str(claim), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return ""
    return found.normalized.lower() if len(found.normalized) <= EMAIL_CHARACTERS else ""


def auth_method_of(settings: OidcSettings, metadata: Metadata) -> str:
    if not settings.client_secret:
        return "none"
    if "client_secret_basic" in metadata.auth_methods or "client_secret_post" not in metadata.auth_methods:
        return "client_secret_basic"
    return "client_secret_post"


def name_of(claim: object) -> str:
    """What people can read of it, in one line; empty for none."""
    text = claim if isinstance(claim, str) else ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:NAME_CHARACTERS]


def instant_of(claim: object) -> datetime | None:
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim < 1e11:
        return None
    return datetime.fromtimestamp(claim, UTC)
