"""The face of identity: what routes call."""

import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from backend.domain.audit import UNKNOWN, AuditAction
from backend.domain.users import DEFAULT_LOCALE, Locale, Session, User
from backend.errors import InvalidInput, MfaRequired, Unauthenticated
from backend.services.changes import Announcements
from backend.services.identity.challenges import LIFETIME as CHALLENGE_LIFETIME
from backend.services.identity.challenges import Challenges
from backend.services.identity.passwords import Passwords
from backend.services.identity.refresh import IDLE, RefreshTokens
from backend.services.identity.revocations import Revocations
from backend.services.identity.second_factors import SecondFactors
from backend.services.identity.stores import (
    Audit,
    ChallengeStore,
    SecondFactorStore,
    SessionStore,
    SignInLimits,
    UserStore,
)
from backend.services.identity.tokens import ACCESS_LIFETIME_S, AccessTokens, Principal


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or a refresh yields. expires_in: seconds that the access token is valid for."""

    user: User
    session: Session
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = ACCESS_LIFETIME_S


class Identity:
    """Construct it before the bus starts. secret: the installation's secret key. clock: seconds since the epoch.

    require_verified: whoever has not shown that mail reaches them cannot sign in, and is not told why.
    session_idle: how long a sign-in lasts without a refresh.
    """

    def __init__(
        self,
        users: UserStore,
        sessions: SessionStore,
        factors: SecondFactorStore,
        challenges: ChallengeStore,
        *,
        limits: SignInLimits,
        bus: Announcements,
        audit: Audit,
        secret: str,
        require_verified: bool = False,
        session_idle: timedelta = IDLE,
        clock: Callable[[], float] = time.time,
        passwords: Passwords | None = None,
    ) -> None:
        self._users = users
        self._limits = limits
        self._audit = audit
        self._require_verified = require_verified
        self._passwords = passwords or Passwords()
        self._access = AccessTokens(derive_key(secret, "access tokens"), clock=clock)
        self._revocations = Revocations(sessions, bus, clock=clock)
        now = partial(_instant, clock)
        self._challenges = Challenges(challenges, now=now)
        self.second_factors = SecondFactors(
            factors, limits, audit, self._passwords, key=derive_key(secret, "second factors"), now=now
        )
        self._refresh = RefreshTokens(
            sessions,
            self._revocations,
            audit,
            key=derive_key(secret, "refresh tokens"),
            now=now,
            idle=session_idle,
        )

    async def start(self) -> None:
        await self._revocations.start()

    async def close(self) -> None:
        await self._revocations.close()
        await self._passwords.close()

    def verify(self, access_token: str) -> Principal:
        """From memory. Raises Unauthenticated: token_invalid, token_expired or session_revoked."""
        principal = self._access.verify(access_token)
        if principal.session_id in self._revocations:
            raise Unauthenticated("This sign-in was ended.", code="session_revoked")
        return principal

    async def register(
        self, email: str, password: str, name: str | None = None, locale: Locale = DEFAULT_LOCALE
    ) -> User:
        """Raises Conflict for a known address, WeakPassword, Overloaded.

        Without a name the part of the address before the @ stands for it.
        """
        email = normal_email(email)
        password_hash = await self._passwords.hash_new(password, email, name or "")
        user = await self._users.create(email, password_hash, name or name_from(email), "user", locale=locale)
        await self._audit.record(AuditAction.REGISTERED, user_id=user.id)
        return user

    async def login(self, email: str, password: str, *, device: str, address: str) -> Tokens:
        """Raises Unauthenticated (invalid_credentials), MfaRequired, RateLimited, CacheUnavailable, Overloaded.

        Whether there is a second factor is looked up, and told, only where the password is right.
        device: how the session is called in lists, the browser say. address: of the client, for the limit.
        """
        user = await self._authenticate(normal_email(email), password, address)
        if await self.second_factors.enabled(user.id):
            raise MfaRequired(
                "Send a code of your authenticator, or a recovery code.",
                token=await self._challenges.issue(user),
                expires_in=int(CHALLENGE_LIFETIME.total_seconds()),
            )
        return await self.sign_in(user, device)

    async def login_mfa(self, mfa_token: str, code: str, *, device: str) -> Tokens:
        """The second step, where the first raised MfaRequired. A wrong code does not use the token up.

        Raises Unauthenticated (mfa_token_invalid, mfa_code_invalid), RateLimited, CacheUnavailable, Overloaded.
        """
        user_id = await self._challenges.user_of(mfa_token)
        if await self.second_factors.check(user_id, code, actor_id=UNKNOWN) is None:
            raise Unauthenticated("The code is wrong, or was used before.", code="mfa_code_invalid")
        await self._challenges.redeem(mfa_token)
        user = await self._users.by_id(user_id)
        if user is None:
            raise Unauthenticated("This account does not exist any more.", code="mfa_token_invalid")
        return await self.sign_in(user, device)

    async def sign_in(self, user: User, device: str, **detail: str) -> Tokens:
        """A session for a user who has shown who they are. detail: for the audit log.

        Raises Unauthenticated (account_disabled).
        """
        session, refresh_token = await self._refresh.begin(user.id, device)
        # Read after the session began: whoever disables the account ends it, or is seen here.
        current = await self._users.by_id(user.id)
        if current is None or current.disabled_at:
            await self._revocations.revoke(user.id, session.id)
            raise disabled()
        await self._audit.record(AuditAction.SIGNED_IN, user_id=user.id, session=session.id, **detail)
        return self._tokens(user, session, refresh_token)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Raises Unauthenticated; a reused token ends its whole family."""
        session, replacement = await self._refresh.rotate(refresh_token)
        user = await self._users.by_id(session.user_id)
        if user is None:
            raise Unauthenticated("This account does not exist any more.", code="refresh_token_invalid")
        if user.disabled_at:
            raise disabled()
        return self._tokens(user, session, replacement)

    async def logout(self, principal: Principal) -> None:
        await self._revocations.revoke(principal.user_id, principal.session_id)
        await self._audit.record(AuditAction.SIGNED_OUT, user_id=principal.user_id, session=principal.session_id)

    async def logout_refresh(self, refresh_token: str) -> None:
        """For a client whose access token has expired. A token that is not valid changes nothing."""
        await self._refresh.end(refresh_token)

    async def sessions(self, user_id: str, limit: int, cursor: str | None) -> tuple[list[Session], str | None]:
        """The user's live sessions, latest used first, and the cursor of the next page; expires_at: unless used.

        Raises InvalidInput for a bad cursor.
        """
        return await self._refresh.live(user_id, limit, cursor)

    async def is_live(self, user_id: str, session_id: str) -> bool:
        """As the database says, so an end that this worker has not heard of yet counts too."""
        return await self._refresh.is_live(user_id, session_id)

    async def end_session(self, user_id: str, session_id: str) -> bool:
        """On every worker within a second. False: the user has no live session with this id."""
        if not await self._refresh.is_live(user_id, session_id):
            return False
        await self._revocations.revoke(user_id, session_id)
        await self._audit.record(AuditAction.SESSIONS_REVOKED, user_id=user_id, session=session_id)
        return True

    async def logout_everywhere(self, user_id: str) -> None:
        """Ends every session of the user on every worker within a second."""
        await self.end_sessions(user_id)
        await self._audit.record(AuditAction.SESSIONS_REVOKED, user_id=user_id, session="all")

    async def hash_new_password(self, password: str, *own: str) -> str:
        """own: the user's address and name. Raises WeakPassword, Overloaded."""
        return await self._passwords.hash_new(password, *own)

    async def confirm(self, user_id: str, password: str) -> User:
        """The signed-in user, who shows to be the same person still.

        Raises InvalidInput (wrong_password), RateLimited, CacheUnavailable, Overloaded.
        """
        user = await self._check(
            lambda: self._users.by_id(user_id), password, (f"user:{user_id}",), AuditAction.PASSWORD_CHECK_FAILED
        )
        if user is None:
            raise InvalidInput("The password is wrong.", code="wrong_password")
        return user

    async def replace_password(self, user_id: str, password_hash: str, *, keep: str | None = None) -> None:
        """Ends every session of the user but the one to keep."""
        await self._users.set_password_hash(user_id, password_hash)
        await self._challenges.withdraw(user_id)
        await self.end_sessions(user_id, keep=keep)

    async def end_sessions(self, user_id: str, *, keep: str | None = None) -> None:
        await self._revocations.revoke_all(user_id, keep=keep)

    async def _authenticate(self, email: str, password: str, address: str) -> User:
        async def find() -> User | None:
            user = await self._users.by_email(email)
            return None if user and self._require_verified and user.verified_at is None else user

        subjects = (f"address:{address}", f"email:{email}")
        user = await self._check(find, password, subjects, AuditAction.SIGN_IN_FAILED)
        if user is None:
            raise Unauthenticated("The email address or the password is wrong.", code="invalid_credentials")
        return user

    async def _check(
        self, find: Callable[[], Awaitable[User | None]], password: str, subjects: Sequence[str], failure: AuditAction
    ) -> User | None:
        """The user, where the password is right. subjects: what failures are counted for.

        A failure names the account, where there is one, and never what was typed: it may be a password.

        The limit is asked inside the slot, so guesses sent all at once cannot all pass before one is counted.
        """
        async with self._passwords.slot():
            for subject in subjects:
                await self._limits.check_sign_in(subject)
            user = await find()
            right = await self._passwords.verify(password, user.password_hash if user else None)
            if user is None or not right:
                for subject in subjects:
                    await self._limits.record_failed_sign_in(subject)
                await self._audit.record(failure, user_id=user.id if user else None, actor_id=UNKNOWN)
                return None
            if user.password_hash and self._passwords.outdated(user.password_hash):
                await self._users.set_password_hash(user.id, await self._passwords.hash(password))
        return user

    def _tokens(self, user: User, session: Session, refresh_token: str) -> Tokens:
        return Tokens(user, session, self._access.issue(user, session.id), refresh_token)


def _instant(clock: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(clock(), UTC)


def disabled() -> Unauthenticated:
    return Unauthenticated("An administrator has closed this account.", code="account_disabled")


def normal_email(email: str) -> str:
    return email.strip().lower()


def name_from(email: str) -> str:
    return email.partition("@")[0]


def derive_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose: what one is used for tells nothing about another."""
    return hmac.digest(secret.encode(), f"aether {purpose}".encode(), "sha256")
