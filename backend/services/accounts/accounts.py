"""The face of accounts: what routes call."""

from dataclasses import replace

from backend.domain.audit import AuditAction
from backend.domain.one_time_tokens import Registration
from backend.domain.users import Locale, Profile, ProfileChanges, User
from backend.errors import Conflict, InvalidInput, MailUnavailable, Unauthenticated
from backend.services.accounts.dispatch import MailDispatch
from backend.services.accounts.housekeeping import Housekeeping
from backend.services.accounts.links import Links
from backend.services.api_keys import ApiKeys
from backend.services.audit_log import AuditLog
from backend.services.identity import Identity, Principal
from backend.services.identity.identity import name_from, normal_email
from backend.services.repositories.users import UserRepository


class Accounts:
    """require_verified: an account begins to exist when the link in the mail to its address is followed.

    So nobody can take an address that is not theirs, and there is nothing that an answer could betray.
    """

    def __init__(
        self,
        identity: Identity,
        api_keys: ApiKeys,
        users: UserRepository,
        links: Links,
        mail: MailDispatch,
        housekeeping: Housekeeping,
        audit: AuditLog,
        *,
        require_verified: bool = False,
    ) -> None:
        self._identity = identity
        self._api_keys = api_keys
        self._users = users
        self._links = links
        self._mail = mail
        self._housekeeping = housekeeping
        self._audit = audit
        self._require_verified = require_verified

    async def register(self, email: str, password: str, name: str | None, locale: Locale) -> User | None:
        """The user; None where a mail has to be answered first, which is so for every address, known or not.

        Raises WeakPassword, Overloaded, MailUnavailable; Conflict only where no mail has to be answered.
        """
        if not self._require_verified:
            return await self._identity.register(email, password, name, locale)
        self._need_mail()
        email = normal_email(email)
        password_hash = await self._identity.hash_new_password(password, email, name or "")
        await self._mail.ask("register", email, Registration(email, password_hash, name or name_from(email), locale))
        return None

    async def ask_for_verification(self, email: str) -> None:
        """Another mail to whoever has not followed the link of the first. Raises MailUnavailable."""
        self._need_mail()
        await self._mail.ask("verify", normal_email(email))

    async def ask_for_reset(self, email: str) -> None:
        """Raises MailUnavailable."""
        self._need_mail()
        await self._mail.ask("reset", normal_email(email))

    async def verify_email(self, token: str) -> None:
        """Raises InvalidInput (link_invalid)."""
        try:
            verified = await self._links.redeem("verify", token)
        except InvalidInput:
            await self._begin(token)
        else:
            await self._users.set_verified(verified.user_id)
            await self._audit.record(AuditAction.EMAIL_VERIFIED, user_id=verified.user_id)

    async def _begin(self, token: str) -> None:
        found = (await self._links.redeem("register", token)).registration
        if found is None:
            raise InvalidInput("This link is of another kind.", code="link_invalid")
        try:
            user = await self._users.create(
                found.email, found.password_hash, found.name, "user", locale=found.locale, verified=True
            )
        except Conflict as error:
            raise InvalidInput("This address has an account already: sign in.", code="link_invalid") from error
        await self._audit.record(AuditAction.REGISTERED, user_id=user.id)

    async def reset_password(self, token: str, password: str) -> None:
        """Ends every session, and the API keys from before anybody had verified the address.

        A refused password does not use the link up.

        Raises InvalidInput (link_invalid), WeakPassword, Overloaded.
        """
        link = await self._links.check("reset", token)
        user = await self._users.by_id(link.user_id)
        if user is None:
            raise InvalidInput("This account does not exist any more.", code="link_invalid")
        password_hash = await self._identity.hash_new_password(password, user.email, user.name)
        await self._links.redeem("reset", token)
        await self._identity.replace_password(user.id, password_hash)
        if user.verified_at is None:  # who made these keys need not be who reads the mail
            await self._api_keys.revoke_all(user.id)
        await self._users.set_verified(user.id)
        await self._audit.record(AuditAction.PASSWORD_RESET, user_id=user.id)
        await self._mail.ask("password_changed", user.email)

    async def change_password(self, principal: Principal, current: str, password: str) -> None:
        """Ends every other session. Raises InvalidInput (wrong_password), WeakPassword, RateLimited, Overloaded."""
        user = await self._identity.confirm(principal.user_id, current)
        password_hash = await self._identity.hash_new_password(password, user.email, user.name)
        await self._identity.replace_password(user.id, password_hash, keep=principal.session_id)
        await self._audit.record(AuditAction.PASSWORD_CHANGED, user_id=user.id)
        await self._links.withdraw("reset", user.id)
        if self._mail.available:
            await self._mail.ask("password_changed", user.email)

    async def profile(self, principal: Principal) -> User:
        """Raises Unauthenticated where the account was deleted."""
        return _existing(await self._users.by_id(principal.user_id))

    async def change_profile(self, principal: Principal, changes: ProfileChanges) -> User:
        """Raises Unauthenticated where the account was deleted."""
        user = await self.profile(principal)
        profile = Profile(user.name, user.locale, user.retention_days)
        return _existing(await self._users.set_profile(user.id, replace(profile, **changes)))

    async def delete(self, principal: Principal, *, password: str | None, confirmation: str | None) -> None:
        """Ends every session and every API key. The ledger stays, anonymous; everything else of the user is erased.

        confirmation: of the identity provider, instead of the password.
        Raises InvalidInput (wrong_password, confirmation_invalid), RateLimited, Overloaded.
        """
        user_id = principal.user_id
        if confirmation is not None:
            await self._links.confirm(user_id, confirmation)
        else:
            await self._identity.confirm(user_id, password or "")
        await self._identity.end_sessions(user_id)
        await self._api_keys.revoke_all(user_id)
        await self._audit.record(AuditAction.ACCOUNT_DELETED, user_id=user_id)  # before the log is unlinked from it
        await self._housekeeping.end_account(user_id)

    def _need_mail(self) -> None:
        if not self._mail.available:
            raise MailUnavailable("This server cannot send mail: ask its administrator.")


def _existing(user: User | None) -> User:
    if user is None:
        raise Unauthenticated("This account does not exist any more.")
    return user
