"""The caller's own account: profile and password."""

import httpx
import pytest

from backend.config import Settings
from tests.support.application import PASSWORD, Account, Served, serve

pytestmark = pytest.mark.shared_database

NEW_PASSWORD = "an entirely different one"


def outcome(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def change(served: Served, account: Account, current: str, new: str) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await served.client.post("/api/auth/change-password", json=body, headers=account.headers)


async def me(served: Served, account: Account) -> httpx.Response:
    return await served.client.get("/api/auth/me", headers=account.headers)


async def test_the_profile_changes_field_by_field(app_client: Served, user: Account) -> None:
    before = (await me(app_client, user)).json()
    assert (before["locale"], before["retention_days"], before["verified_at"]) == ("en", None, None)
    for update in ({"name": "Zażółć"}, {"locale": "pl"}, {"retention_days": 90}, {"retention_days": None}, {}):
        answer = await app_client.client.patch("/api/auth/me", json=update, headers=user.headers)
        assert answer.status_code == 200, answer.text
        before = {**before, **update}
        assert answer.json() == before == (await me(app_client, user)).json()


@pytest.mark.parametrize(
    "update", [{"locale": "xx"}, {"retention_days": 0}, {"retention_days": 3651}, {"name": " "}, {"role": "admin"}]
)
async def test_a_profile_that_does_not_fit_is_refused(
    app_client: Served, user: Account, update: dict[str, object]
) -> None:
    answer = await app_client.client.patch("/api/auth/me", json=update, headers=user.headers)
    assert outcome(answer) == (422, "invalid_input")


async def test_a_changed_password_ends_every_other_sign_in(app_client: Served, user: Account) -> None:
    other = await app_client.sign_in(user.email)
    stranger = await app_client.new_user()
    assert (await change(app_client, user, PASSWORD, NEW_PASSWORD)).status_code == 204
    assert (await me(app_client, user)).status_code == 200
    assert (await me(app_client, stranger)).status_code == 200
    assert outcome(await me(app_client, other)) == (401, "session_revoked")
    with pytest.raises(httpx.HTTPStatusError):
        await app_client.sign_in(user.email)
    await app_client.sign_in(user.email, NEW_PASSWORD)


async def test_a_password_is_changed_by_who_knows_it(app_client: Served, user: Account) -> None:
    assert outcome(await change(app_client, user, "a wrong password", NEW_PASSWORD)) == (422, "wrong_password")
    assert outcome(await change(app_client, user, PASSWORD, "password1")) == (422, "weak_password")
    await app_client.sign_in(user.email)


async def test_guessing_the_current_password_is_limited(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"limit_auth": (3, 900)})) as served:
        user = await served.new_user()
        for _ in range(3):
            assert outcome(await change(served, user, "a wrong password", NEW_PASSWORD)) == (422, "wrong_password")
        assert outcome(await change(served, user, PASSWORD, NEW_PASSWORD)) == (429, "rate_limited")
