"""Which account somebody who signed in at the provider has here.

An account is found by issuer and subject alone. An address links an account only where both sides know whose it is:
the provider vouches for it, and mail to it has reached the owner of the account. Otherwise whoever registers here with
somebody else's address would share the account with them later on.
"""

from backend.domain.audit import AuditAction
from backend.domain.external_identities import ExternalIdentity, ProviderUser
from backend.domain.users import User
from backend.errors import Conflict, OidcRefused
from backend.services.audit_log import AuditLog
from backend.services.identity import Identity
from backend.services.identity.identity import name_from
from backend.services.oidc.provider import OidcSettings
from backend.services.repositories.external_identities import ExternalIdentityRepository
from backend.services.repositories.users import UserRepository


class Linking:
    def __init__(
        self,
        settings: OidcSettings,
        users: UserRepository,
        identities: ExternalIdentityRepository,
        identity: Identity,
        audit: AuditLog,
    ) -> None:
        self._settings = settings
        self._users = users
        self._identities = identities
        self._identity = identity
        self._audit = audit

    async def account_of(self, who: ProviderUser) -> User:
        """The linked one; else one with the same address, linked now; else a new one. Raises OidcRefused, Conflict."""
        self._check_domain(who)
        user = await self._linked(who)
        if user is None:
            user = await self._by_address(who)
            await self._link(user.id, who)
        return await self._with_role(user, who)

    async def link(self, user_id: str, who: ProviderUser) -> None:
        """By hand, of a user who is signed in here as well. Raises OidcRefused, Conflict.

        An account whose address nobody has verified gets no other address's identity: were the account made by somebody
        else than the owner of its address, they would keep this way in when the owner resets the password.
        """
        self._check_domain(who)
        user = await self._users.by_id(user_id)
        if user is None or user.ended:
            raise OidcRefused("This account does not exist any more.")
        if user.verified_at is None:
            if not who.email_verified or who.email != user.email:
                raise OidcRefused("Verify the account's address first.", code="oidc_email_unverified")
            await self._users.set_verified(user.id)
        await self._link(user.id, who)

    async def unlink(self, user_id: str, password: str) -> None:
        """Raises Conflict (oidc_only_way), InvalidInput (wrong_password), RateLimited, CacheUnavailable, Overloaded."""
        user = await self._users.by_id(user_id)
        if user and user.password_hash is None:
            raise Conflict("Set a password first: it would be the only way in.", code="oidc_only_way")
        await self._identity.confirm(user_id, password)
        if await self._identities.unlink(user_id, self._settings.issuer):
            await self._audit.record(AuditAction.IDENTITY_UNLINKED, user_id=user_id, issuer=self._settings.issuer)

    async def identity_of(self, user_id: str) -> ExternalIdentity | None:
        return await self._identities.of_user(user_id, self._settings.issuer)

    async def _link(self, user_id: str, who: ProviderUser) -> None:
        await self._identities.link(user_id, who)
        await self._audit.record(AuditAction.IDENTITY_LINKED, user_id=user_id, issuer=who.issuer)

    async def _linked(self, who: ProviderUser) -> User | None:
        found = await self._identities.by_subject(who.issuer, who.subject)
        if found is None:
            return None
        user = await self._users.by_id(found.user_id)
        if user is None or user.ended:  # a crash came between the end of the account and its erasure
            await self._identities.unlink(found.user_id, who.issuer)
            return None
        await self._identities.note_use(user.id, who)
        return user

    async def _by_address(self, who: ProviderUser) -> User:
        if not who.email or not who.email_verified:
            raise OidcRefused("The identity provider does not vouch for an address.", code="oidc_email_unverified")
        user = await self._users.by_email(who.email)
        if user is None:
            return await self._register(who)
        # These two are worth more than one word of the provider.
        guarded = user.role == "admin" or await self._identity.second_factors.enabled(user.id)
        if user.verified_at is None or guarded:
            raise OidcRefused("Sign in with the password, then link the account.", code="oidc_account_exists")
        return user

    async def _register(self, who: ProviderUser) -> User:
        if not self._settings.auto_register:
            raise OidcRefused("There is no account for you here.", code="oidc_not_registered")
        name = who.name or name_from(who.email)
        try:
            user = await self._users.create(who.email, None, name, "user", locale=who.locale, verified=True)
        except Conflict as error:
            raise OidcRefused("This address was registered just now: try again.", code="oidc_account_exists") from error
        await self._audit.record(AuditAction.REGISTERED, user_id=user.id, issuer=who.issuer)
        return user

    async def _with_role(self, user: User, who: ProviderUser) -> User:
        if who.administrator is None:
            return user
        if not await self._users.set_external_role(user.id, administrator=who.administrator):
            return user
        await self._identity.end_sessions(user.id)
        changed = await self._users.by_id(user.id) or user
        await self._audit.record(AuditAction.ROLE_CHANGED, user_id=user.id, role=changed.role, issuer=who.issuer)
        return changed

    def _check_domain(self, who: ProviderUser) -> None:
        allowed = self._settings.allowed_domains
        if allowed and not (who.email_verified and who.email.partition("@")[2] in allowed):
            raise OidcRefused("Addresses of this domain may not sign in here.", code="oidc_domain_refused")
