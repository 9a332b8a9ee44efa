"""Verification and reset over HTTP, with the mails as they arrive at a real mail server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.services.mail import MailNotSent, SmtpDelivery
from backend.services.mail.delivery import Mail
from tests.support import mail as mailing
from tests.support.application import PASSWORD, Served, serve
from tests.support.mail import Mailbox, mail_server, parts, token_in
from tests.support.waiting import eventually

EMAIL = "ada@example.com"
NEW_PASSWORD = "an entirely different one"
POLISH_BROWSER = {"Accept-Language": "de, pl;q=0.8, en;q=0.5"}


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server(
        authenticator=mailing.authenticate, auth_require_tls=False, auth_exclude_mechanism=["CRAM-MD5"]
    ) as box:
        yield box


@pytest.fixture
def mail_settings(app_settings: Settings, box: Mailbox) -> Settings:
    return app_settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": box.port,
            "smtp_tls": "off",
            "smtp_username": mailing.USERNAME,
            "smtp_password": SecretStr(mailing.PASSWORD),
            "smtp_from": "Aether <aether@example.com>",
            "public_url": "https://chat.example.com/",
        }
    )


@pytest.fixture
async def open_house(mail_settings: Settings) -> AsyncIterator[Served]:
    """Addresses need not be verified."""
    async with serve(mail_settings) as served:
        yield served


@pytest.fixture
async def strict(mail_settings: Settings) -> AsyncIterator[Served]:
    """Addresses have to be verified."""
    async with serve(mail_settings.model_copy(update={"require_verified_email": True})) as served:
        yield served


async def post(served: Served, path: str, **fields: str) -> httpx.Response:
    response = await served.client.post(f"/api/auth/{path}", json=fields, headers=POLISH_BROWSER)
    served.client.cookies.clear()
    return response


async def register(served: Served, email: str = EMAIL, **more: str) -> httpx.Response:
    return await post(served, "register", email=email, password=PASSWORD, **more)


async def login(served: Served, password: str = PASSWORD, email: str = EMAIL) -> httpx.Response:
    return await post(served, "login", email=email, password=password)


def outcome(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def told(response: httpx.Response) -> dict[str, Any]:
    """Everything that the answer says, without what names this one request."""
    own = ("x-correlation-id", "x-response-time", "x-performance-category", "date")
    headers = {name: value for name, value in response.headers.items() if name not in own}
    body = {name: value for name, value in response.json().items() if name != "correlation_id"}
    return {"status": response.status_code, "headers": headers, "body": body}


async def documents(served: Served, collection: str) -> list[dict[str, Any]]:
    assert served.services is not None
    return await served.services.database.collection(collection).find({}).to_list(None)


async def test_an_account_begins_when_its_address_is_verified(strict: Served, box: Mailbox) -> None:
    assert (await register(strict)).status_code == 202
    mail = await box.arrived()
    assert box.signed_in == [True]
    assert (mail["to"], mail["from"]) == (EMAIL, "Aether <aether@example.com>")
    assert "https://chat.example.com/#/verify-email/" in parts(mail)[0]
    assert outcome(await login(strict)) == (401, "invalid_credentials")
    token = token_in(mail)
    assert len(token) == 43
    assert (await post(strict, "verify-email", token=token)).status_code == 204
    signed_in = await login(strict)
    assert signed_in.json()["user"]["verified_at"]
    assert outcome(await post(strict, "verify-email", token=token)) == (422, "link_invalid")


async def test_mails_are_in_the_language_of_their_reader(strict: Served, box: Mailbox) -> None:
    await register(strict, locale="pl")
    assert (await box.arrived())["subject"] == "Potwierdź swój adres"
    await register(strict, "eve@example.com", locale="en")
    assert (await box.arrived(2))["subject"] == "Confirm your address"
    await register(strict, "jan@example.com")  # as the browser says
    assert "Dzień dobry" in parts(await box.arrived(3))[1]


async def test_no_answer_tells_whether_an_address_has_an_account(strict: Served, box: Mailbox) -> None:
    await register(strict)
    await post(strict, "verify-email", token=token_in(await box.arrived()))
    await register(strict, "pending@example.com")
    await box.arrived(2)
    for path, fields in (
        ("register", {"password": PASSWORD}),
        ("resend-verification", {}),
        ("forgot-password", {}),
        ("login", {"password": "a wrong password"}),
    ):
        known, pending, unknown = [
            told(await post(strict, path, email=email, **fields))
            for email in (EMAIL, "pending@example.com", "nobody@example.com")
        ]
        assert known == pending == unknown, path


async def test_nothing_is_looked_up_before_the_answer(
    strict: Served, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time tells nothing because the same is done for every address: one document is written, none is read."""
    await register(strict)
    await post(strict, "verify-email", token=token_in(await box.arrived()))
    assert strict.services is not None
    looked_up = asyncio.Event()
    answered = asyncio.Event()
    users = strict.services.users
    by_email = users.by_email

    async def after_the_answer(email: str) -> object:
        looked_up.set()
        await answered.wait()
        return await by_email(email)

    monkeypatch.setattr(users, "by_email", after_the_answer)
    for email in (EMAIL, "nobody@example.com"):
        assert (await register(strict, email)).status_code == 202
        assert (await post(strict, "forgot-password", email=email)).status_code == 202
    async with asyncio.timeout(10):
        await looked_up.wait()
    answered.set()
    await box.arrived(4)  # known address, reset of a known one, verification of an unknown one


async def test_whoever_owns_a_known_address_is_told(strict: Served, box: Mailbox) -> None:
    await register(strict)
    await post(strict, "verify-email", token=token_in(await box.arrived()))
    await register(strict, name="A name that somebody else chose")
    mail = await box.arrived(2)
    assert mail["subject"] == "Masz już konto"
    assert "somebody else" not in mail.as_string()
    await post(strict, "forgot-password", email="nobody@example.com")
    await post(strict, "forgot-password", email=EMAIL)
    assert (await box.arrived(3))["to"] == EMAIL


async def test_a_verification_is_sent_again_and_each_link_makes_one_account(strict: Served, box: Mailbox) -> None:
    await register(strict)
    first = token_in(await box.arrived())
    await post(strict, "resend-verification", email=EMAIL.upper())
    second = token_in(await box.arrived(2))
    answers = await asyncio.gather(*(post(strict, "verify-email", token=token) for token in (first, second) * 3))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422, 422, 422, 422]
    assert (await login(strict)).status_code == 200


async def test_an_account_from_before_is_verified_by_mail(mail_settings: Settings, box: Mailbox) -> None:
    async with serve(mail_settings) as served:
        await register(served)
        assert (await login(served)).status_code == 200
    async with serve(mail_settings.model_copy(update={"require_verified_email": True})) as served:
        assert outcome(await login(served)) == (401, "invalid_credentials")
        await post(served, "resend-verification", email=EMAIL)
        await post(served, "verify-email", token=token_in(await box.arrived()))
        assert (await login(served)).status_code == 200
        await served.admin()  # who was set up by whoever runs the server


async def test_an_address_gets_a_few_mails_an_hour(strict: Served, box: Mailbox) -> None:
    for _ in range(8):
        await register(strict)
    await register(strict, "last@example.com")
    assert (await box.arrived(6))["to"] == "last@example.com"


async def test_a_forgotten_password_is_replaced_and_every_session_ends(open_house: Served, box: Mailbox) -> None:
    account = await open_house.new_user()
    await post(open_house, "forgot-password", email=account.email)
    token = token_in(await box.arrived())
    weak = await post(open_house, "reset-password", token=token, new_password="password1")
    assert outcome(weak) == (422, "weak_password")
    reset = await post(open_house, "reset-password", token=token, new_password=NEW_PASSWORD)
    assert reset.status_code == 204
    assert outcome(await open_house.client.get("/api/auth/me", headers=account.headers)) == (401, "session_revoked")
    assert (await login(open_house, email=account.email)).status_code == 401
    assert (await login(open_house, NEW_PASSWORD, account.email)).json()["user"]["verified_at"]
    again = await post(open_house, "reset-password", token=token, new_password=PASSWORD)
    assert outcome(again) == (422, "link_invalid")
    assert (await box.arrived(2))["subject"] == "Your password was changed"


async def test_whoever_registered_with_the_address_of_somebody_else_keeps_no_key(
    open_house: Served, box: Mailbox
) -> None:
    """The owner of the address comes later and resets the password. A key made before that is not theirs."""
    for verified in (False, True):
        account = await open_house.new_user()
        assert open_house.services is not None
        if verified:
            await open_house.services.users.set_verified(account.id)
        wanted = {"name": "made before", "scopes": ["chat"]}
        made = await open_house.client.post("/api/auth/api-keys", json=wanted, headers=account.headers)
        assert made.status_code == 201, made.text
        key = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await open_house.client.get("/api/ai/v4/models", headers=key)).status_code == 200
        box.mails.clear()
        await post(open_house, "forgot-password", email=account.email)
        token = token_in(await box.arrived())
        await post(open_house, "reset-password", token=token, new_password=NEW_PASSWORD)
        await box.arrived(2)
        status = (await open_house.client.get("/api/ai/v4/models", headers=key)).status_code
        assert status == (200 if verified else 401)


async def test_a_link_is_for_one_purpose_and_for_a_while(open_house: Served, box: Mailbox) -> None:
    account = await open_house.new_user()
    await post(open_house, "resend-verification", email=account.email)
    token = token_in(await box.arrived())
    other = await post(open_house, "reset-password", token=token, new_password=NEW_PASSWORD)
    assert outcome(other) == (422, "link_invalid")
    assert open_house.services is not None
    await open_house.services.database.collection("one_time_tokens").update_many(
        {}, [{"$set": {"expires_at": "$created_at"}}]
    )
    assert outcome(await post(open_house, "verify-email", token=token)) == (422, "link_invalid")


async def test_only_hashes_of_tokens_are_stored(strict: Served, box: Mailbox) -> None:
    await register(strict)
    token = token_in(await box.arrived())
    [stored] = await documents(strict, "one_time_tokens")
    assert token not in str(stored)
    assert len(stored["hash"]) == 64
    assert PASSWORD not in str(stored)


async def test_a_mail_that_cannot_be_sent_now_is_sent_later(strict: Served, box: Mailbox) -> None:
    box.answers.append("451 try again later")
    await register(strict)
    assert strict.services is not None
    requests = strict.services.database.collection("mail_requests")

    async def sent_once_due() -> bool:
        await requests.update_many({}, [{"$set": {"not_before": "$$NOW"}}])
        return bool(box.mails)

    await eventually(lambda: not box.answers)
    await eventually(sent_once_due, 20)
    assert (await box.arrived())["to"] == EMAIL


async def test_an_address_that_the_mail_server_refuses_is_given_up(strict: Served, box: Mailbox) -> None:
    box.answers.append("550 no such user here")
    await register(strict)
    await register(strict, "other@example.com")
    assert (await box.arrived())["to"] == "other@example.com"
    assert [request["email"] for request in await documents(strict, "mail_requests")] in ([], ["other@example.com"])


async def test_a_mail_server_without_tls_gets_nothing(box: Mailbox) -> None:
    for tls in ("starttls", "tls"):
        delivery = SmtpDelivery("127.0.0.1", box.port, username="", password="", tls=tls, sender="aether@example.com")
        with pytest.raises(MailNotSent):
            await delivery.send(Mail(EMAIL, "subject", "text", "html", kind="reset", link=""))
    assert (box.mails, box.signed_in) == ([], [])


async def test_without_a_mail_server_links_are_logged_while_developing(
    app_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serve(app_settings.model_copy(update={"require_verified_email": True})) as served:
        assert (await register(served)).status_code == 202
        seen: list[str] = []

        def logged() -> bool:
            seen.append(capsys.readouterr().out)
            return "/#/verify-email/" in "".join(seen)

        await eventually(logged)
        text = "".join(seen)
        token = text.partition("/#/verify-email/")[2].partition('"')[0]
        assert (await post(served, "verify-email", token=token)).status_code == 204
    assert EMAIL not in text


async def test_without_a_mail_server_nobody_is_promised_a_mail_in_production(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"env": "production"})) as served:
        for email in ("nobody@example.com", "admin@example.com"):
            answer = await post(served, "forgot-password", email=email)
            assert outcome(answer) == (503, "mail_unavailable")
        assert (await register(served)).status_code == 201
