"""Sign-ins over two workers: what ends on one ends on the other within a second, and refreshes at once agree."""

import asyncio
import time

import httpx
import pytest

from tests.support.application import PASSWORD, Account, Served
from tests.support.waiting import eventually
from tests.support.workers import Workers

WITHIN_S = 1.0


async def refused_after(worker: Served, account: Account, within_s: float = WITHIN_S) -> float:
    """Seconds until the worker refuses the account's token."""
    started = time.monotonic()

    async def refused() -> bool:
        return (await worker.client.get("/api/auth/me", headers=account.headers)).status_code == 401

    await eventually(refused, within_s)
    return time.monotonic() - started


async def known(worker: Served, *accounts: Account) -> None:
    for account in accounts:
        assert (await worker.client.get("/api/auth/me", headers=account.headers)).status_code == 200


async def test_one_ended_sign_in_fails_on_the_other_worker_within_a_second(workers: Workers) -> None:
    first = await workers.a.new_user()
    second = await workers.a.sign_in(first.email)
    await known(workers.b, first, second)
    listed = (await workers.b.client.get("/api/auth/sessions", headers=first.headers)).json()["items"]
    [session_id] = [item["id"] for item in listed if not item["current"]]
    ended = await workers.a.client.delete(f"/api/auth/sessions/{session_id}", headers=first.headers)
    assert ended.status_code == 204
    assert await refused_after(workers.b, second) < WITHIN_S
    await known(workers.b, first)


async def test_all_sign_ins_of_a_user_fail_on_the_other_worker_within_a_second(workers: Workers) -> None:
    first = await workers.a.new_user()
    accounts = [first, *[await workers.b.sign_in(first.email) for _ in range(4)]]
    await known(workers.b, *accounts)
    assert (await workers.a.client.post("/api/auth/logout-all", headers=first.headers)).status_code == 204
    started = time.monotonic()
    await asyncio.gather(*(refused_after(workers.b, account) for account in accounts))
    assert time.monotonic() - started < WITHIN_S


async def renew(worker: Served, token: str) -> httpx.Response:
    return await worker.client.post("/api/auth/refresh", json={"refresh_token": token})


@pytest.mark.parametrize("at_once", [2, 8])
async def test_refreshes_of_one_token_at_the_same_moment_on_both_workers_agree(workers: Workers, at_once: int) -> None:
    account = await workers.a.new_user()
    body = {"email": account.email, "password": PASSWORD, "transport": "body"}
    token = (await workers.a.client.post("/api/auth/login", json=body)).json()["refresh_token"]
    for _ in range(3):
        both = [worker for _ in range(at_once // 2) for worker in (workers.a, workers.b)]
        answers = await asyncio.gather(*(renew(worker, token) for worker in both))
        assert {answer.status_code for answer in answers} == {200}
        [token] = {answer.json()["refresh_token"] for answer in answers}
        for answer in answers:
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            assert (await workers.b.client.get("/api/auth/me", headers=headers)).status_code == 200
