"""Sends the mails that were asked for, off the path of whoever asked.

Only here is it looked up whether an address has an account: the answer to a request for a mail was given before, so
it cannot tell, in content or in time. A mail that could not be sent is tried again, by any worker, for a day.
"""

import asyncio
from contextlib import suppress
from typing import cast, get_args

import structlog

from backend.domain.audit import UNKNOWN, AuditAction
from backend.domain.ids import new_id
from backend.domain.one_time_tokens import Purpose, Registration
from backend.domain.users import DEFAULT_LOCALE, User
from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.accounts.links import Links
from backend.services.audit_log import AuditLog
from backend.services.mail import Letters, MailNotSent
from backend.services.mail.letters import Letter
from backend.services.repositories.mail_requests import MailKind, MailRequest, MailRequestRepository, Notice
from backend.services.repositories.users import UserRepository
from backend.services.request_origin import requested_from
from backend.services.tasks import end

NOTICES = get_args(Notice)
EVERY_S = 5.0
LEASE_S = 60.0
"""Longer than a mail server may take."""
LONGEST_PAUSE_S = 900.0

log = structlog.get_logger()


class MailDispatch:
    """every_s: how often a worker looks for mails that another one left. Its own requests wake it at once."""

    def __init__(
        self,
        requests: MailRequestRepository,
        users: UserRepository,
        links: Links,
        letters: Letters,
        audit: AuditLog,
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._requests = requests
        self._users = users
        self._links = links
        self._letters = letters
        self._audit = audit
        self._every_s = every_s
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        return self._letters.available

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="mail_dispatch")

    async def close(self) -> None:
        """A mail that is being sent is sent again after its lease, by whoever runs then."""
        await end(self._task)

    async def ask(self, kind: MailKind, email: str, registration: Registration | None = None) -> None:
        """Durable on return. The same work for every address."""
        await self._requests.add(kind, email, registration)
        self._asked.set()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._asked.wait()
            self._asked.clear()
            try:
                await self.drain()
            except (DatabaseUnavailable, DeadlineExceeded):
                log.warning("mail_dispatch_waits_for_the_database")
                await asyncio.sleep(self._every_s)

    async def drain(self) -> None:
        """Everything that is due."""
        while request := await self._requests.claim(LEASE_S):
            try:
                await self._send(request)
            except MailNotSent as error:
                log.warning("mail_not_sent", kind=request.kind, reason=str(error), attempts=request.attempts)
                if not error.permanent:
                    await self._requests.postpone(request.id, min(LEASE_S * request.attempts, LONGEST_PAUSE_S))
                    continue
            await self._requests.remove(request.id)

    async def _send(self, request: MailRequest) -> None:
        user = await self._users.by_email(request.email)
        if request.kind in NOTICES:
            await self._letters.send(cast(Notice, request.kind), request.email, user.locale if user else DEFAULT_LOCALE)
        elif request.kind == "reset":
            if user:
                await self._record_reset(request, user)
                await self._send_link("reset", "reset", user)
        elif user:
            if user.verified_at is None:
                await self._send_link("verify", "verify", user)
            elif request.kind == "register":
                await self._send_link("known_address", "reset", user)
        else:
            await self._send_registration(request)

    async def _record_reset(self, request: MailRequest, user: User) -> None:
        """As of the request that asked for it, once, however often the mail server has to be tried."""
        if request.attempts == 1:
            with requested_from(request.origin):
                await self._audit.record(AuditAction.PASSWORD_RESET_ASKED, user_id=user.id, actor_id=UNKNOWN)

    async def _send_link(self, letter: Letter, purpose: Purpose, user: User) -> None:
        if not await self._links.too_many(purpose, user.email):
            token = await self._links.issue(purpose, user_id=user.id, email=user.email)
            await self._letters.send(letter, user.email, user.locale, token)

    async def _send_registration(self, request: MailRequest) -> None:
        """Of a new account, or once more of one that was asked for before: there is no user yet."""
        earlier = await self._links.latest("register", request.email)
        registration = request.registration or (earlier.registration if earlier else None)
        if registration and not await self._links.too_many("register", request.email):
            token = await self._links.issue(
                "register", user_id=new_id("pending"), email=request.email, registration=registration
            )
            await self._letters.send("verify", request.email, registration.locale, token)
