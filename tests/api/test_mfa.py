"""The second factor over HTTP: switched on, asked for, lost, switched off."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pyotp
import pytest

from backend.config import Settings
from tests.support.application import PASSWORD, Account, Served, serve
from tests.support.mail import mail_server, parts
from tests.support.second_factor import Authenticator, first_step, post, second_step, switch_on

pytestmark = pytest.mark.shared_database

NEW_PASSWORD = "an entirely different one"
WRONG = "000000"


def outcome(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def status(served: Served, account: Account) -> dict[str, object]:
    found: dict[str, object] = (await served.client.get("/api/auth/mfa", headers=account.headers)).json()
    return found


async def test_it_is_asked_for_once_a_code_has_confirmed_it(app_client: Served, user: Account) -> None:
    assert await status(app_client, user) == {"enabled": False, "enabled_at": None, "recovery_codes_left": 0}
    enrolled = (await post(app_client, user, "mfa/enroll", password=PASSWORD)).json()
    parsed = pyotp.parse_uri(enrolled["otpauth_uri"])
    assert (parsed.secret, parsed.name, parsed.issuer) == (enrolled["secret"], user.email, "Aether")
    assert len(enrolled["secret"]) == 32, "160 bits"
    await app_client.sign_in(user.email)
    assert (await status(app_client, user))["enabled"] is False
    authenticator = Authenticator(enrolled["secret"])
    confirmed = await post(app_client, user, "mfa/confirm", code=authenticator.code())
    assert confirmed.status_code == 200
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    found = await status(app_client, user)
    assert (found["enabled"], found["recovery_codes_left"]) == (True, 10)
    assert found["enabled_at"]
    token = await first_step(app_client, user.email)
    signed_in = await second_step(app_client, token, authenticator.code())
    assert signed_in.status_code == 200
    assert set(signed_in.json()) == {"access_token", "token_type", "expires_in", "user", "refresh_token"}


async def test_the_first_step_is_no_sign_in(app_client: Served, user: Account) -> None:
    await switch_on(app_client, user)
    answer = await app_client.client.post("/api/auth/login", json={"email": user.email, "password": PASSWORD})
    assert "set-cookie" not in answer.headers
    token = answer.json()["mfa_token"]
    assert answer.json()["expires_in"] == 300
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"aether_refresh={token}"}):
        assert (await app_client.client.get("/api/auth/me", headers=headers)).status_code == 401
        assert (await app_client.client.post("/api/auth/refresh", headers=headers)).status_code == 401
    listed = await app_client.client.get("/api/auth/sessions", headers=user.headers)
    assert len(listed.json()["items"]) == 1


async def test_nothing_tells_of_it_before_the_password_is_right(app_client: Served, user: Account) -> None:
    plain = await app_client.new_user()
    await switch_on(app_client, user)
    answers = []
    for email in (user.email, plain.email, "nobody@example.com"):
        answer = await app_client.client.post("/api/auth/login", json={"email": email, "password": "wrong password"})
        answers.append((answer.status_code, {**answer.json(), "correlation_id": None}, set(answer.headers)))
    assert answers[0] == answers[1] == answers[2]


async def test_a_code_and_a_token_are_used_up_by_one_sign_in(app_client: Served, user: Account) -> None:
    authenticator, codes = await switch_on(app_client, user)
    token, other = [await first_step(app_client, user.email) for _ in range(2)]
    code = authenticator.code()
    at_once = await asyncio.gather(*(second_step(app_client, token, code) for _ in range(5)))
    assert sorted(answer.status_code for answer in at_once) == [200, 401, 401, 401, 401]
    assert outcome(await second_step(app_client, other, code)) == (401, "mfa_code_invalid")
    assert outcome(await second_step(app_client, token, codes[0])) == (401, "mfa_token_invalid")
    assert (await second_step(app_client, other, codes[1])).status_code == 200


async def test_a_wrong_code_does_not_use_the_token_up(app_client: Served, user: Account) -> None:
    authenticator, _ = await switch_on(app_client, user)
    token = await first_step(app_client, user.email)
    for wrong in (WRONG, "wrong-wrong-wrong", "łłłłłł", "١٢٣٤٥٦"):
        assert outcome(await second_step(app_client, token, wrong)) == (401, "mfa_code_invalid")
    assert (await second_step(app_client, token, f" {authenticator.code()} ")).status_code == 200


async def test_a_token_of_nobody_is_refused(app_client: Served, user: Account) -> None:
    authenticator, _ = await switch_on(app_client, user)
    for token in ("x", "a" * 43, user.headers["Authorization"].removeprefix("Bearer ")[:128]):
        assert outcome(await second_step(app_client, token, authenticator.code())) == (401, "mfa_token_invalid")


async def test_a_code_opens_the_account_that_it_belongs_to_only(app_client: Served, user: Account) -> None:
    other = await app_client.new_user()
    await switch_on(app_client, user)
    theirs, codes = await switch_on(app_client, other)
    token = await first_step(app_client, user.email)
    for code in (theirs.code(), codes[0]):
        assert outcome(await second_step(app_client, token, code)) == (401, "mfa_code_invalid")


async def test_a_recovery_code_works_once_however_it_is_typed(app_client: Served, user: Account) -> None:
    _, codes = await switch_on(app_client, user)
    for typed in (codes[0], codes[1].upper(), codes[2].replace("-", " "), codes[3].replace("-", "")):
        token = await first_step(app_client, user.email)
        assert (await second_step(app_client, token, typed)).status_code == 200
        again = await first_step(app_client, user.email)
        assert outcome(await second_step(app_client, again, typed)) == (401, "mfa_code_invalid")
    assert (await status(app_client, user))["recovery_codes_left"] == 6


async def test_recovery_codes_are_replaced(app_client: Served, user: Account) -> None:
    authenticator, old = await switch_on(app_client, user)
    body = {"password": PASSWORD, "code": authenticator.code()}
    answer = await post(app_client, user, "mfa/recovery-codes", **body)
    assert answer.status_code == 200
    new = answer.json()["recovery_codes"]
    assert not set(old) & set(new)
    token = await first_step(app_client, user.email)
    assert outcome(await second_step(app_client, token, old[0])) == (401, "mfa_code_invalid")
    assert (await second_step(app_client, token, new[0])).status_code == 200


async def test_switching_it_off_takes_password_and_code(app_client: Served, user: Account) -> None:
    authenticator, codes = await switch_on(app_client, user)
    for body, refused in (
        ({"password": "a wrong password", "code": codes[0]}, (422, "wrong_password")),
        ({"password": PASSWORD, "code": WRONG}, (422, "wrong_code")),
    ):
        for path in ("mfa/disable", "mfa/recovery-codes"):
            assert outcome(await post(app_client, user, path, **body)) == refused
    body = {"password": PASSWORD, "code": authenticator.code()}
    assert (await post(app_client, user, "mfa/disable", **body)).status_code == 204
    assert (await status(app_client, user))["enabled"] is False
    await app_client.sign_in(user.email)
    for path in ("mfa/disable", "mfa/recovery-codes"):
        assert outcome(await post(app_client, user, path, password=PASSWORD, code=codes[1])) == (409, "conflict")


async def test_setting_it_up_takes_the_password_and_happens_once(app_client: Served, user: Account) -> None:
    assert outcome(await post(app_client, user, "mfa/enroll", password="a wrong password")) == (422, "wrong_password")
    assert outcome(await post(app_client, user, "mfa/confirm", code=WRONG)) == (409, "conflict")
    first = Authenticator((await post(app_client, user, "mfa/enroll", password=PASSWORD)).json()["secret"])
    second = Authenticator((await post(app_client, user, "mfa/enroll", password=PASSWORD)).json()["secret"])
    assert outcome(await post(app_client, user, "mfa/confirm", code=first.code())) == (422, "wrong_code")
    assert (await post(app_client, user, "mfa/confirm", code=second.code())).status_code == 200
    assert outcome(await post(app_client, user, "mfa/enroll", password=PASSWORD)) == (409, "conflict")
    assert outcome(await post(app_client, user, "mfa/confirm", code=second.code())) == (409, "conflict")


async def test_switching_it_on_and_off_ends_every_other_sign_in(app_client: Served, user: Account) -> None:
    other = await app_client.sign_in(user.email)
    authenticator, codes = await switch_on(app_client, user)
    assert (await app_client.client.get("/api/auth/me", headers=other.headers)).status_code == 401
    token = await first_step(app_client, user.email)
    access = (await second_step(app_client, token, codes[0])).json()["access_token"]
    await post(app_client, user, "mfa/disable", password=PASSWORD, code=authenticator.code())
    refused = await app_client.client.get("/api/auth/me", headers={"Authorization": f"Bearer {access}"})
    assert outcome(refused) == (401, "session_revoked")
    assert (await app_client.client.get("/api/auth/me", headers=user.headers)).status_code == 200


async def test_a_changed_password_keeps_it_and_begins_the_sign_in_anew(app_client: Served, user: Account) -> None:
    _, codes = await switch_on(app_client, user)
    begun = await first_step(app_client, user.email)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await post(app_client, user, "change-password", **body)).status_code == 204
    assert outcome(await second_step(app_client, begun, codes[0])) == (401, "mfa_token_invalid")
    token = await first_step(app_client, user.email, NEW_PASSWORD)
    assert (await second_step(app_client, token, codes[1])).status_code == 200


async def test_only_sealed_and_hashed_secrets_are_stored_and_none_is_exported(
    app_client: Served, user: Account
) -> None:
    authenticator, codes = await switch_on(app_client, user)
    token = await first_step(app_client, user.email)
    assert app_client.services is not None
    database = app_client.services.database
    stored = ""
    for name in ("second_factors", "one_time_tokens", "users", "auth_sessions", "audit_log"):
        stored += str(await database.collection(name).find({}).to_list(None))
    exported = (await app_client.client.get("/api/auth/me/export", headers=user.headers)).text
    for secret in (authenticator.secret, token, *codes, *(code.replace("-", "") for code in codes)):
        assert secret not in stored
        assert secret not in exported
    [row] = await database.collection("second_factors").find({"user_id": user.id}).to_list(None)
    assert row["secret"] not in exported
    assert not any(code in exported for code in row["recovery_codes"])
    assert "enabled_at" in exported


async def test_a_deleted_account_leaves_no_factor(app_client: Served, user: Account) -> None:
    await switch_on(app_client, user)
    assert (await post(app_client, user, "delete-account", password=PASSWORD)).status_code == 204
    assert app_client.services is not None
    rows = app_client.services.database.collection("second_factors")
    assert await rows.find_one({"user_id": user.id}) is None


@pytest.fixture
async def limited(app_settings: Settings) -> AsyncIterator[Served]:
    async with serve(app_settings.model_copy(update={"limit_auth": (3, 900)})) as served:
        yield served


async def test_guessing_codes_is_limited_also_all_at_once(limited: Served) -> None:
    user, other = await limited.new_user(), await limited.new_user()
    authenticator, codes = await switch_on(limited, user)
    await switch_on(limited, other)
    tokens = [await first_step(limited, user.email) for _ in range(4)]
    guesses = [second_step(limited, token, f"{number:06}") for number in range(5) for token in tokens]
    answers = [outcome(answer) for answer in await asyncio.gather(*guesses)]
    tried = answers.count((401, "mfa_code_invalid"))
    assert 3 <= tried <= 4, "two are judged at a time"
    assert len(answers) == tried + answers.count((429, "rate_limited"))
    for code in (authenticator.code(), codes[0]):
        assert outcome(await second_step(limited, tokens[0], code)) == (429, "rate_limited")
    assert outcome(await second_step(limited, await first_step(limited, other.email), WRONG))[0] == 401
    assert (await limited.client.get("/api/auth/me", headers=user.headers)).status_code == 200


async def test_what_happens_is_in_the_audit_log_and_in_the_users_mail(app_settings: Settings) -> None:
    async with mail_server() as box:
        mailing = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_tls": "off", "smtp_from": "a@example.com"}
        async with serve(app_settings.model_copy(update=mailing)) as served:
            user = await served.new_user()
            await served.client.patch("/api/auth/me", json={"locale": "pl"}, headers=user.headers)
            authenticator, codes = await switch_on(served, user)
            assert "drugi składnik" in str((await box.arrived(1))["Subject"])
            token = await first_step(served, user.email)
            await second_step(served, token, WRONG)
            await second_step(served, token, codes[0])
            await post(served, user, "mfa/recovery-codes", password=PASSWORD, code=codes[1])
            await post(served, user, "mfa/disable", password=PASSWORD, code=authenticator.code())
            text, _ = parts(await box.arrived(2))
            assert "samo hasło" in text
            assert served.services is not None
            entries = await served.services.database.collection("audit_log").find({"user_id": user.id}).to_list(None)
    found = [entry["action"] for entry in entries if entry["action"].startswith("mfa_")]
    assert sorted(found) == sorted(
        [
            *("mfa_enabled", "mfa_failed", "mfa_recovery_code_used", "mfa_recovery_code_used"),
            *("mfa_recovery_codes_replaced", "mfa_disabled"),
        ]
    )
