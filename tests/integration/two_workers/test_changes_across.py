"""What is changed on one worker is in force on the other within a second: closed accounts, custom instructions."""

import pytest

from backend.services.repositories.calibrations import CalibrationRepository
from tests.servers import SimulatorHandle
from tests.support.api_keys import make_key
from tests.support.application import Served
from tests.support.calibrations import make_fitted
from tests.support.chat import asked
from tests.support.waiting import eventually
from tests.support.workers import Workers

WITHIN_S = 1.0
MODELS = "/api/ai/v4/models"


async def refuses(worker: Served, headers: dict[str, str]) -> bool:
    return (await worker.client.get(MODELS, headers=headers)).status_code == 401


async def test_a_closed_account_is_refused_on_both_workers(workers: Workers) -> None:
    account, admin = await workers.a.new_user(), await workers.a.admin()
    with_key = {"Authorization": f"Bearer {(await make_key(workers.a, account))['key']}"}
    callers = [(worker, headers) for worker in (workers.a, workers.b) for headers in (account.headers, with_key)]
    for worker, headers in callers:
        assert not await refuses(worker, headers)
    path = f"/api/admin/users/{account.id}"
    closed = await workers.a.client.patch(path, headers=admin.headers, json={"disabled": True})
    assert closed.status_code == 200

    async def shut_out() -> bool:
        return all([await refuses(worker, headers) for worker, headers in callers])

    await eventually(shut_out, WITHIN_S)
    login = {"email": account.email, "password": "correct horse battery"}
    assert (await workers.b.client.post("/api/auth/login", json=login)).json()["code"] == "account_disabled"


async def test_another_calibration_is_in_force_on_both_workers(workers: Workers) -> None:
    path, headers = "/api/admin/calibration", (await workers.a.admin()).headers
    assert await CalibrationRepository(workers.database).add(make_fitted(1))
    back = await workers.a.client.post(f"{path}/rollback", headers=headers, json={"version": 1})
    assert back.status_code == 200, back.text

    async def told() -> bool:
        found = (await workers.b.client.get(path, headers=headers)).json()
        return bool(found["calibrated"] and found["pinned"])

    await eventually(told, WITHIN_S)


@pytest.mark.parametrize("known_there", [True, False])
async def test_instructions_are_in_force_on_both_workers(
    workers: Workers, simulator: SimulatorHandle, known_there: bool
) -> None:
    """known_there: the other worker remembers that there were none."""
    on_a, on_b = await workers.user()
    if known_there:
        await on_b.ask("Is anybody there?", "chat/quick")
    body = {"instructions": {"about": "I am a nurse.", "style": "", "enabled": True}}
    headers = on_a.account.headers
    assert (await workers.a.client.put("/api/preferences", headers=headers, json=body)).status_code == 200

    async def told() -> bool:
        await on_b.ask("Who am I?", "chat/quick")
        return "I am a nurse." in asked(simulator)[-1]["request"]["messages"][0]["content"]

    await eventually(told, WITHIN_S)
