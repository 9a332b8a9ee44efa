"""One-time tokens and mails that were asked for."""

import asyncio
from datetime import UTC, datetime, timedelta

from backend.domain.one_time_tokens import OneTimeToken, Purpose, Registration
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.scalable_database import ScalableDatabase

START = datetime(2099, 6, 1, tzinfo=UTC)
REGISTRATION = Registration("ada@example.com", "a hash", "Ada", "pl")


def make_token(token_hash: str, purpose: Purpose = "reset", age_s: float = 0) -> OneTimeToken:
    created_at = START - timedelta(seconds=age_s)
    return OneTimeToken(
        hash=token_hash,
        purpose=purpose,
        user_id="user_ada",
        email="ada@example.com",
        created_at=created_at,
        expires_at=created_at + timedelta(hours=1),
        registration=REGISTRATION if purpose == "register" else None,
    )


async def test_a_token_is_redeemed_by_one_of_many(database: ScalableDatabase) -> None:
    database.now = lambda: START
    tokens = OneTimeTokenRepository(database)
    token = make_token("h1", "register")
    await tokens.create(token)
    assert await tokens.valid("register", "h1") == token
    redeemed = await asyncio.gather(*(tokens.redeem("register", "h1") for _ in range(5)))
    assert [each for each in redeemed if each] == [token]
    assert await tokens.valid("register", "h1") is None


async def test_a_token_is_of_one_purpose_and_expires(database: ScalableDatabase) -> None:
    database.now = lambda: START
    tokens = OneTimeTokenRepository(database)
    await tokens.create(make_token("h1"))
    await tokens.create(make_token("h2", age_s=3600))
    assert await tokens.redeem("verify", "h1") is None
    assert await tokens.redeem("reset", "h2") is None
    assert await tokens.redeem("reset", "unknown") is None
    assert await tokens.redeem("reset", "h1") is not None


async def test_recent_tokens_are_newest_first_and_withdrawn_together(database: ScalableDatabase) -> None:
    database.now = lambda: START
    tokens = OneTimeTokenRepository(database)
    for number, purpose in enumerate(("reset", "reset", "reset", "verify")):
        await tokens.create(make_token(f"h{number}", purpose, age_s=number * 60))  # type: ignore[arg-type]
    recent = await tokens.recent("ada@example.com", "reset", START - timedelta(seconds=90), 5)
    assert [token.hash for token in recent] == ["h0", "h1"]
    await tokens.withdraw("user_eve", "reset")
    assert await tokens.valid("reset", "h0") is not None
    await tokens.withdraw("user_ada", "reset")
    assert await tokens.valid("reset", "h0") is None
    assert await tokens.valid("verify", "h3") is not None
    await tokens.withdraw_of_address("ada@example.com", "verify")
    assert await tokens.valid("verify", "h3") is None


async def test_a_mail_is_claimed_by_one_worker_until_its_lease_ends(database: ScalableDatabase) -> None:
    instant = START
    database.now = lambda: instant
    requests = MailRequestRepository(database)
    await requests.add("register", "ada@example.com", REGISTRATION)
    claims = await asyncio.gather(*(requests.claim(60) for _ in range(4)))
    [claimed] = [claim for claim in claims if claim]
    assert (claimed.kind, claimed.email, claimed.registration, claimed.attempts) == (
        *("register", "ada@example.com", REGISTRATION),
        1,
    )
    instant += timedelta(seconds=61)
    again = await requests.claim(60)
    assert again is not None
    assert (again.id, again.attempts) == (claimed.id, 2)
    await requests.postpone(again.id, 600)
    instant += timedelta(seconds=599)
    assert await requests.claim(60) is None
    await requests.remove(again.id)
    instant += timedelta(days=1)
    assert await requests.claim(60) is None
