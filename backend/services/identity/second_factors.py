"""The second factor of a sign-in: codes of an authenticator (TOTP, RFC 6238) and recovery codes.

A code of the authenticator changes every thirty seconds. Those of the step before and after are taken too, because
clocks differ and people type, but each step once only, over all workers.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import pyotp
import structlog

from backend.domain.audit import AuditAction
from backend.domain.second_factors import Enrolment, Proof, SecondFactor
from backend.domain.users import User
from backend.errors import Conflict, InvalidInput
from backend.services.identity.passwords import Passwords
from backend.services.identity.sealing import Sealing
from backend.services.identity.stores import Audit, SecondFactorStore, SignInLimits

ISSUER = "Aether"
STEP_S = 30
DRIFT = 1
DIGITS = 6
PENDING = timedelta(minutes=15)
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 15
"""120 bits, so that a plain hash protects them (ASVS 6.5.2), and 24 characters of base32 without padding."""
GROUP = 4

log = structlog.get_logger()


class SecondFactors:
    """key: 32 bytes, seals secrets. now: the time, aware, UTC. passwords: its slots bound how many guess at once."""

    def __init__(
        self,
        store: SecondFactorStore,
        limits: SignInLimits,
        audit: Audit,
        passwords: Passwords,
        *,
        key: bytes,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._limits = limits
        self._audit = audit
        self._passwords = passwords
        self._sealing = Sealing(key)
        self._now = now

    async def enabled(self, user_id: str) -> SecondFactor | None:
        """None: a password is enough to sign in."""
        factor = await self._store.get(user_id)
        return factor if factor and factor.enabled_at else None

    async def enroll(self, user: User) -> Enrolment:
        """Asked for at sign-in only once it is confirmed. Raises Conflict where the user has one."""
        secret = pyotp.random_base32()
        now = self._now()
        if not await self._store.begin(user.id, self._sealing.seal(user.id, secret), now, now + PENDING):
            raise Conflict("Your account has a second factor: switch it off first.")
        uri = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(name=user.email, issuer_name=ISSUER)
        return Enrolment(secret, uri, int(PENDING.total_seconds()))

    async def confirm(self, user_id: str, code: str) -> list[str]:
        """Recovery codes; nobody can read them again. Raises Conflict where none is pending, InvalidInput, RateLimited.

        From now on the factor is asked for.
        """
        pending = await self._store.get(user_id)
        if pending is None or pending.enabled_at:
            raise Conflict("There is no second factor to confirm: begin anew.")
        step = self._step_of(pending, _plain(code))
        if step is None:
            raise _wrong()
        codes = new_codes()
        if not await self._store.enable(user_id, pending.secret, self._now(), step, [code_hash(one) for one in codes]):
            raise Conflict("There is no second factor to confirm: begin anew.")
        await self._audit.record(AuditAction.MFA_ENABLED, user_id=user_id)
        return codes

    async def check(self, user_id: str, code: str, *, actor_id: str | None = None) -> Proof | None:
        """What the code proves, which it does once; None where it is wrong. Failures count as failed sign-ins do.

        The limit is asked in a slot: guesses sent all at once cannot all pass before one is counted. actor_id: who
        tries, None for the user. Raises RateLimited, CacheUnavailable, Overloaded.
        """
        subject = f"mfa:{user_id}"
        async with self._passwords.slot():
            await self._limits.check_sign_in(subject)
            proof = await self._take(user_id, _plain(code))
            if proof is None:
                await self._limits.record_failed_sign_in(subject)
                await self._audit.record(AuditAction.MFA_FAILED, user_id=user_id, actor_id=actor_id)
        if proof == "recovery_code":
            await self._audit.record(AuditAction.MFA_RECOVERY_CODE_USED, user_id=user_id)
        return proof

    async def require(self, user_id: str, code: str) -> None:
        """For a signed-in user. Raises Conflict without a second factor, InvalidInput (wrong_code), RateLimited."""
        if await self.enabled(user_id) is None:
            raise Conflict("Your account has no second factor.")
        if await self.check(user_id, code) is None:
            raise _wrong()

    async def replace_codes(self, user_id: str) -> list[str]:
        """New recovery codes; the old ones are worth nothing."""
        codes = new_codes()
        await self._store.replace_codes(user_id, [code_hash(code) for code in codes])
        await self._audit.record(AuditAction.MFA_RECOVERY_CODES_REPLACED, user_id=user_id)
        return codes

    async def remove(self, user_id: str, *, actor_id: str | None = None) -> bool:
        """False: there was none. actor_id: who does it, None for the user."""
        removed = await self._store.remove(user_id)
        if removed:
            await self._audit.record(AuditAction.MFA_DISABLED, user_id=user_id, actor_id=actor_id)
        return removed

    async def _take(self, user_id: str, code: str) -> Proof | None:
        factor = await self.enabled(user_id)
        if factor is None:
            return None
        if len(code) != DIGITS:
            return "recovery_code" if await self._store.take_code(user_id, code_hash(code)) else None
        step = self._step_of(factor, code)
        taken = step is not None and await self._store.take_step(user_id, factor.secret, step)
        return "totp" if taken else None

    def _step_of(self, factor: SecondFactor, code: str) -> int | None:
        """The step whose code this is. All are compared, so that the time tells nothing."""
        secret = self._sealing.unseal(factor.user_id, factor.secret)
        if secret is None:
            log.warning("second_factor_unreadable", user_id=factor.user_id)
            return None
        totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
        current = int(self._now().timestamp()) // STEP_S
        steps = range(current - DRIFT, current + DRIFT + 1)
        right = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())]
        return max(right, default=None)


def new_codes() -> list[str]:
    return [_new_code() for _ in range(RECOVERY_CODES)]


def _new_code() -> str:
    """As people read it: base32 has neither 0 nor 1, so nothing is taken for O or I."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def code_hash(code: str) -> str:
    return hashlib.sha256(_plain(code).encode()).hexdigest()


def _plain(code: str) -> str:
    """As it was typed, without what was put in for reading."""
    return "".join(code.split()).replace("-", "").lower()


def _wrong() -> InvalidInput:
    return InvalidInput("The code is wrong, or was used before.", code="wrong_code")
