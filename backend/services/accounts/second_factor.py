"""Users switch their second factor on and off: with their password, and a mail that says so."""

from backend.domain.audit import SHELL
from backend.domain.second_factors import Enrolment, SecondFactor
from backend.domain.users import User
from backend.errors import Unauthenticated
from backend.services.accounts.dispatch import MailDispatch
from backend.services.identity import Identity, Principal
from backend.services.repositories.mail_requests import MailKind
from backend.services.repositories.users import UserRepository


class SecondFactorSettings:
    """Switching it on or off ends every other sign-in: whoever has got in before does not stay."""

    def __init__(self, identity: Identity, users: UserRepository, mail: MailDispatch) -> None:
        self._identity = identity
        self._factors = identity.second_factors
        self._users = users
        self._mail = mail

    async def status(self, principal: Principal) -> SecondFactor | None:
        """None: there is none that is asked for at sign-in."""
        return await self._factors.enabled(principal.user_id)

    async def enroll(self, principal: Principal, password: str) -> Enrolment:
        """Raises InvalidInput (wrong_password), Conflict where there is one, RateLimited, Overloaded."""
        return await self._factors.enroll(await self._identity.confirm(principal.user_id, password))

    async def confirm(self, principal: Principal, code: str) -> list[str]:
        """Recovery codes. Raises InvalidInput (wrong_code), Conflict where none is pending."""
        user = await self._users.by_id(principal.user_id)
        if user is None:
            raise Unauthenticated("This account does not exist any more.")
        codes = await self._factors.confirm(user.id, code)
        await self._identity.end_sessions(user.id, keep=principal.session_id)
        await self._tell("second_factor_on", user)
        return codes

    async def disable(self, principal: Principal, password: str, code: str) -> None:
        """Raises InvalidInput (wrong_password, wrong_code), Conflict where there is none, RateLimited, Overloaded."""
        user = await self._confirmed(principal, password, code)
        await self._factors.remove(user.id)
        await self._identity.end_sessions(user.id, keep=principal.session_id)
        await self._tell("second_factor_off", user)

    async def replace_recovery_codes(self, principal: Principal, password: str, code: str) -> list[str]:
        """Raises InvalidInput (wrong_password, wrong_code), Conflict where there is none, RateLimited, Overloaded."""
        user = await self._confirmed(principal, password, code)
        return await self._factors.replace_codes(user.id)

    async def remove_lost(self, user: User) -> bool:
        """For the shell: ends every sign-in. False: there was none."""
        removed = await self._factors.remove(user.id, actor_id=SHELL)
        if removed:
            await self._identity.end_sessions(user.id)
            await self._tell("second_factor_off", user)
        return removed

    async def _confirmed(self, principal: Principal, password: str, code: str) -> User:
        user = await self._identity.confirm(principal.user_id, password)
        await self._factors.require(user.id, code)
        return user

    async def _tell(self, kind: MailKind, user: User) -> None:
        if self._mail.available:
            await self._mail.ask(kind, user.email)
