"""A user's authenticator, and switching a second factor on over HTTP."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pyotp

from tests.support.application import PASSWORD, Account, Served

STEP_S = 30


@dataclass(slots=True)
class Authenticator:
    """Never shows a code twice: it is ahead of the clock by a step where it is asked again at once.

    The server takes the step before and after, so two codes a moment apart are both good; a third is not.
    """

    secret: str = field(repr=False)
    clock: Callable[[], float] = time.time
    last: int = 0

    def code(self) -> str:
        self.last = max(self.last + 1, int(self.clock()) // STEP_S)
        return pyotp.TOTP(self.secret).generate_otp(self.last)


async def post(served: Served, account: Account, path: str, **body: object) -> httpx.Response:
    return await served.client.post(f"/api/auth/{path}", json=body, headers=account.headers)


async def switch_on(served: Served, account: Account) -> tuple[Authenticator, list[str]]:
    """The authenticator, which has shown one code, and the recovery codes."""
    enrolled = await post(served, account, "mfa/enroll", password=PASSWORD)
    assert enrolled.status_code == 200, enrolled.text
    authenticator = Authenticator(enrolled.json()["secret"])
    confirmed = await post(served, account, "mfa/confirm", code=authenticator.code())
    assert confirmed.status_code == 200, confirmed.text
    codes: list[str] = confirmed.json()["recovery_codes"]
    return authenticator, codes


async def first_step(served: Served, email: str, password: str = PASSWORD) -> str:
    """The mfa_token."""
    answer = await served.client.post("/api/auth/login", json={"email": email, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "mfa_required"), answer.text
    token: str = answer.json()["mfa_token"]
    return token


async def second_step(served: Served, token: str, code: str) -> httpx.Response:
    body = {"mfa_token": token, "code": code, "transport": "body"}
    return await served.client.post("/api/auth/login/mfa", json=body)
