"""The dispatcher of mails ends when it is told to, whatever the libraries below it do with a cancellation."""

import asyncio
from typing import cast

from backend.services.accounts.dispatch import MailDispatch
from backend.services.accounts.links import Links
from backend.services.mail import Letters
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.users import UserRepository


class LosesACancellation:
    """A repository below which the first cancellation is lost, as in asyncio.wait_for of Python 3.11."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.lost = False

    async def claim(self, lease_s: float) -> None:
        self.entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.lost:
                raise
            self.lost = True


async def test_a_lost_cancellation_does_not_keep_it_alive() -> None:
    requests = LosesACancellation()
    dispatch = MailDispatch(
        cast(MailRequestRepository, requests),
        cast(UserRepository, None),
        cast(Links, None),
        cast(Letters, None),
        every_s=0.0,
    )
    await dispatch.start()
    async with asyncio.timeout(10):
        await requests.entered.wait()
        await dispatch.close()
