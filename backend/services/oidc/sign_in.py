"""The face of OpenID Connect: what routes call."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from backend.domain.external_identities import ExternalIdentity, ProviderUser
from backend.errors import OidcRefused, OidcUnavailable
from backend.services.accounts import Links
from backend.services.accounts.links import digest
from backend.services.audit_log import AuditLog
from backend.services.identity import Identity, Principal, Tokens
from backend.services.oidc.flows import LIFETIME_S, Flow, Flows, Intent
from backend.services.oidc.id_tokens import LEEWAY_S
from backend.services.oidc.linking import Linking
from backend.services.oidc.provider import OidcClient, OidcSettings
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository

AWAY = frozenset({"temporarily_unavailable", "server_error"})
DENIED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})
"""Errors that a provider may answer with (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Callback:
    """What a browser came back with; everything in it is what somebody put into a link."""

    state: str
    code: str = field(default="", repr=False)
    error: str = ""
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """url: where the browser goes. sealed: what it has to bring back, within lifetime_s seconds."""

    url: str
    sealed: str = field(repr=False)
    lifetime_s: int = LIFETIME_S


@dataclass(frozen=True, slots=True)
class Finished:
    """tokens: of a sign-in. confirmation: a one-time token that stands for the password, empty for none."""

    return_to: str
    tokens: Tokens | None = None
    confirmation: str = field(default="", repr=False)


class OidcSignIn:
    """now: the time, aware, UTC."""

    def __init__(
        self,
        settings: OidcSettings,
        client: OidcClient,
        flows: Flows,
        linking: Linking,
        identity: Identity,
        links: Links,
        tokens: OneTimeTokenRepository,
        audit: AuditLog,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._client = client
        self._flows = flows
        self._linking = linking
        self._identity = identity
        self._links = links
        self._tokens = tokens
        self._audit = audit
        self._now = now
        self._endings: dict[Intent, Callable[[Flow, ProviderUser, str], Awaitable[Finished]]] = {
            "sign_in": self._sign_in,
            "link": self._link,
            "confirm": self._confirm,
        }

    @property
    def name(self) -> str:
        """Of the provider, for people."""
        return self._settings.name

    @property
    def public_url(self) -> str:
        return self._settings.public_url

    async def close(self) -> None:
        await self._client.close()

    async def begin(self, intent: Intent, return_to: str, principal: Principal | None = None) -> Begun:
        """principal: who links or confirms. Raises OidcUnavailable."""
        user_id, session_id = (principal.user_id, principal.session_id) if principal else ("", "")
        flow = self._flows.begin(intent, return_to, user_id=user_id, session_id=session_id)
        return Begun(await self._client.authorization_url(flow), self._flows.seal(flow))

    async def begin_link(self, principal: Principal, password: str, return_to: str) -> Begun:
        """Raises InvalidInput (wrong_password), RateLimited, CacheUnavailable, Overloaded, OidcUnavailable."""
        await self._identity.confirm(principal.user_id, password)
        return await self.begin("link", return_to, principal)

    async def finish(self, sealed: str, callback: Callback, device: str) -> Finished:
        """device: how a session is called in lists. Raises OidcRefused, OidcUnavailable, Conflict."""
        try:
            flow = await self._resumed(sealed, callback.state)
            await self._client.check_issuer(callback.issuer)
            _raise_for(callback.error)
            who = await self._client.exchange(callback.code, flow)
            return await self._endings[flow.intent](flow, who, device)
        except (OidcRefused, OidcUnavailable) as error:
            log.warning("oidc_sign_in_failed", code=error.code, reason=error.reason)
            raise

    async def unlink(self, principal: Principal, password: str) -> None:
        """Raises Conflict (oidc_only_way), InvalidInput (wrong_password), RateLimited, CacheUnavailable, Overloaded."""
        await self._linking.unlink(principal.user_id, password)

    async def identity_of(self, principal: Principal) -> ExternalIdentity | None:
        """Who the user is at the provider; None where nothing is linked."""
        return await self._linking.identity_of(principal.user_id)

    async def _resumed(self, sealed: str, state: str) -> Flow:
        """The flow that this browser began, once."""
        flow = self._flows.unseal(sealed)
        if flow is None or not hmac.compare_digest(flow.state.encode(), state.encode()):
            raise OidcRefused("Begin to sign in again.", code="oidc_state_invalid", reason="not begun in this browser")
        if not await self._tokens.spend(digest(flow.state), self._now() + timedelta(seconds=LIFETIME_S)):
            raise OidcRefused("Begin to sign in again.", code="oidc_state_invalid", reason="came back twice")
        if flow.session_id and not await self._identity.is_live(flow.user_id, flow.session_id):
            raise OidcRefused("Sign in again.", code="oidc_state_invalid", reason="the session was ended meanwhile")
        return flow

    async def _sign_in(self, flow: Flow, who: ProviderUser, device: str) -> Finished:
        user = await self._linking.account_of(who)
        return Finished(flow.return_to, tokens=await self._identity.sign_in(user, device, issuer=who.issuer))

    async def _link(self, flow: Flow, who: ProviderUser, _device: str) -> Finished:
        await self._linking.link(flow.user_id, who)
        return Finished(flow.return_to)

    async def _confirm(self, flow: Flow, who: ProviderUser, _device: str) -> Finished:
        """The provider has asked for the password just now, of the same person."""
        linked = await self._linking.identity_of(flow.user_id)
        if linked is None or linked.subject != who.subject:
            raise OidcRefused("Somebody else signed in at the identity provider.", reason="another subject")
        if who.signed_in_at is None or who.signed_in_at.timestamp() < flow.started_at - LEEWAY_S:
            raise OidcRefused("The identity provider did not ask for a password.", code="oidc_not_fresh")
        token = await self._links.issue("confirm", user_id=flow.user_id, email=who.email)
        return Finished(flow.return_to, confirmation=token)


def _raise_for(error: str) -> None:
    """Nothing of what the provider said goes any further."""
    if error in AWAY:
        raise OidcUnavailable("The identity provider does not answer as it should.", reason=error)
    if error in DENIED:
        raise OidcRefused("The sign-in was refused.", code="oidc_denied", reason=error)
    if error:
        raise OidcRefused("The identity provider refused the request.", reason="another error")
