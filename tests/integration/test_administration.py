"""scripts/admin beside a running worker: what it changes applies there at once."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.domain.audit import AuditFilter
from tests.conftest import MakeSettings
from tests.servers import SimulatorHandle
from tests.support.application import ADMIN_EMAIL, PASSWORD, Served, environment, serve
from tests.support.second_factor import switch_on
from tests.support.waiting import eventually

MODULE = "backend.launcher.administration"
NEW_PASSWORD = "an entirely different one"


@pytest.fixture
def own_settings(settings: MakeSettings, mongo_url: str, redis_url: str, simulator: SimulatorHandle) -> Settings:
    return settings(
        mongo_url=SecretStr(mongo_url),
        redis_url=SecretStr(redis_url),
        redis_timeout=1.0,
        groq_base_url=simulator.url,
        groq_api_key=SecretStr("a key for the simulator"),
        admin_email=ADMIN_EMAIL,
        admin_password=SecretStr(PASSWORD),
        mongo_pool_min=0,
    )


@pytest.fixture
async def served(own_settings: Settings) -> AsyncIterator[Served]:
    async with serve(own_settings) as served:
        yield served


async def administer(settings: Settings, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """(exit code, output, errors)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, *arguments), env=environment(settings), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(f"{typed}\n".encode()), 60)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def audited(served: Served, user_id: str) -> list[tuple[str, str]]:
    """(what was done, who did it)."""
    assert served.services is not None
    entries, _ = await served.services.audit.page(AuditFilter(user_id=user_id), 100, None)
    return [(entry.action, entry.actor_id) for entry in entries]


async def test_a_lost_password_is_replaced_and_its_sessions_end_everywhere(
    served: Served, own_settings: Settings
) -> None:
    user = await served.new_user()
    code, output, _ = await administer(own_settings, "reset-password", user.email.upper(), typed=NEW_PASSWORD)
    assert (code, NEW_PASSWORD in output) == (0, False)

    async def ended() -> bool:
        return (await served.client.get("/api/auth/me", headers=user.headers)).status_code == 401

    await eventually(ended, 1.0)
    with pytest.raises(httpx.HTTPStatusError):
        await served.sign_in(user.email)
    await served.sign_in(user.email, NEW_PASSWORD)
    assert ("password_reset", "shell") in await audited(served, user.id)


async def test_an_administrator_is_created_with_a_generated_password(served: Served, own_settings: Settings) -> None:
    code, output, _ = await administer(own_settings, "create-admin", "second@example.com", "--generate")
    assert code == 0
    admin = await served.sign_in("second@example.com", output.split("Password: ")[1].strip())
    assert (await served.client.get("/api/ai/v4/health/detailed", headers=admin.headers)).status_code == 200


async def test_an_account_becomes_an_administrator_and_keeps_its_password(
    served: Served, own_settings: Settings
) -> None:
    user = await served.new_user()
    code, output, _ = await administer(own_settings, "create-admin", user.email, "--generate")
    assert (code, "Password" in output) == (0, False)
    admin = await served.sign_in(user.email)
    assert (await served.client.get("/api/ai/v4/health/detailed", headers=admin.headers)).status_code == 200
    assert ("role_changed", "shell") in await audited(served, user.id)


async def test_a_lost_second_factor_is_removed(served: Served, own_settings: Settings) -> None:
    user = await served.new_user()
    await switch_on(served, user)
    code, output, _ = await administer(own_settings, "disable-mfa", user.email.upper())
    assert (code, output) == (0, "The second factor is removed, and every sign-in of the account has ended.\n")

    async def ended() -> bool:
        return (await served.client.get("/api/auth/me", headers=user.headers)).status_code == 401

    await eventually(ended, 1.0)
    await served.sign_in(user.email)
    _, output, _ = await administer(own_settings, "disable-mfa", user.email)
    assert output == "The account has no second factor.\n"


async def test_what_cannot_be_done_is_said(served: Served, own_settings: Settings, tmp_path: Path) -> None:
    code, _, errors = await administer(own_settings, "reset-password", "nobody@example.com", typed=NEW_PASSWORD)
    assert (code, errors) == (1, "There is no account with this address.\n")
    code, _, errors = await administer(own_settings, "create-admin", "new@example.com", typed="password1")
    assert code == 1
    assert "attackers" in errors
    nowhere = Settings.model_validate({"data_dir": tmp_path / "empty"})
    code, _, errors = await administer(nowhere, "reset-password", ADMIN_EMAIL, typed=NEW_PASSWORD)
    assert code == 1
    assert "start it first" in errors
