"""Schemathesis over the whole OpenAPI document: no 5xx, and no answer that the document does not have.

Some two thousand requests: every example and boundary value of the document, what just misses them, and random ones.
"""

from pathlib import Path

import pytest

from backend.config import Settings
from backend.services.api_keys.text import new_text
from tests.support.access import ACCESS, callable_by
from tests.support.application import Served, serve_process
from tests.support.conformance import answers, explore, operations_of

pytestmark = pytest.mark.timeout(240)
ENDS_THE_SIGN_IN = {"logout", "logout_all"}
"""Whatever is called after them is a 401: each has a run and a user of its own."""
REACHED = 0.6
"""Of the operations, at least: the others need a password, a token, a code or a provider, which nobody guesses."""
TWICE = (2, 60)


async def test_every_answer_to_a_user_is_documented(live_server: Served, tmp_path: Path) -> None:
    chosen = set(ACCESS) - callable_by("admin") - ENDS_THE_SIGN_IN
    await explore(live_server, await live_server.new_user(), tmp_path, chosen, "--max-examples=10")
    done = {route for route, status in answers(live_server) if status < 300}
    reached = {operation.id for operation in await operations_of(live_server) if operation.path in done}
    assert len(reached & chosen) > REACHED * len(chosen), "what is only refused proves little"


async def test_every_answer_to_an_administrator_is_documented(live_server: Served, tmp_path: Path) -> None:
    await explore(live_server, await live_server.admin(), tmp_path, callable_by("admin"), "--max-examples=10")


@pytest.mark.parametrize("operation", sorted(ENDS_THE_SIGN_IN))
async def test_every_answer_to_who_signs_out_is_documented(live_server: Served, tmp_path: Path, operation: str) -> None:
    await explore(live_server, await live_server.new_user(), tmp_path, {operation}, "--max-examples=10")


def with_unknown_key() -> dict[str, str]:
    return {"Authorization": f"Bearer {new_text()}"}


async def test_refusals_of_all_limits_are_documented(
    app_client: Served, app_settings: Settings, tmp_path: Path
) -> None:
    """Every operation that documents a 429 gives one here."""
    limits = {"limit_chat": (3, 60), "limit_auth": TWICE, "limit_entry": TWICE, "limit_refresh": TWICE}
    async with serve_process(app_settings.model_copy(update=limits), tmp_path / "worker.log") as served:
        chosen = {operation.id for operation in await operations_of(served) if 429 in operation.statuses}
        options = ("--phases=fuzzing", "--mode=positive", "--max-examples=6")
        user = await served.new_user()
        await explore(served, user, tmp_path, chosen - ENDS_THE_SIGN_IN, *options, maker=app_client)
        for operation in [row for row in await operations_of(served) for _ in range(TWICE[0] + 1)]:
            if operation.id in chosen:  # an API key that nobody has: for routes without a limit of their own
                await served.client.request(operation.method, operation.url(), headers=with_unknown_key())
        limited = {route for route, status in answers(served) if status == 429}
        for operation in await operations_of(served):
            assert operation.path in limited or operation.id not in chosen, operation.name
