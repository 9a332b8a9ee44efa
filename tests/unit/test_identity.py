"""Identity over fakes of its stores: the rules of sign-in, tokens and sign-out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import jwt
import pytest
from argon2 import PasswordHasher

from backend.errors import Conflict, InvalidInput, Overloaded, RateLimited, Unauthenticated
from backend.services.identity import ACCESS_LIFETIME_S, Identity, Tokens
from backend.services.identity.identity import derive_key
from backend.services.identity.passwords import DECOY_PASSWORD, Passwords
from tests.support.identity import SECRET, World, quick_hasher
from tests.support.waiting import eventually

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
DAY = 86_400


@asynccontextmanager
async def running(identity: Identity) -> AsyncIterator[Identity]:
    await identity.start()
    try:
        yield identity
    finally:
        await identity.close()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def identity(world: World) -> AsyncIterator[Identity]:
    async with running(world.identity()) as identity:
        await identity.register(EMAIL, PASSWORD, "Ada")
        yield identity


async def sign_in(identity: Identity, *, password: str = PASSWORD, email: str = EMAIL) -> Tokens:
    return await identity.login(email, password, device="a browser", address="192.0.2.1")


def claims_of(tokens: Tokens) -> dict[str, object]:
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    key = derive_key(SECRET, "access tokens")
    return jwt.decode(tokens.access_token, key, algorithms=["HS256"], audience="aether", options=options)


async def test_a_sign_in_is_recognised_by_its_access_token(identity: Identity) -> None:
    tokens = await sign_in(identity, email=" ADA@example.com ")
    principal = identity.verify(tokens.access_token)
    assert (principal.user_id, principal.role, principal.session_id) == (tokens.user.id, "user", tokens.session.id)
    assert tokens.user.name == "Ada"
    assert tokens.expires_in == ACCESS_LIFETIME_S == 600


async def test_a_name_is_made_of_the_address_where_none_is_given(identity: Identity) -> None:
    assert (await identity.register("Grace@example.com", PASSWORD)).name == "grace"


async def test_an_address_can_be_registered_once_in_any_case(identity: Identity) -> None:
    with pytest.raises(Conflict):
        await identity.register("ADA@Example.com", PASSWORD)


@pytest.mark.parametrize("password", ["x" * 7, "x" * 1025, "New@example.com"])
async def test_weak_passwords_are_refused(identity: Identity, password: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await identity.register("new@example.com", password)
    assert caught.value.code == "weak_password"


async def test_a_password_is_the_same_in_both_unicode_forms_and_stored_as_a_hash(
    world: World, identity: Identity
) -> None:
    user = await identity.register("e@example.com", "caf\u00e9 caf\u00e9")
    await sign_in(identity, email="e@example.com", password="cafe\u0301 cafe\u0301")
    assert str(world.users.rows[user.id].password_hash).startswith("$argon2id$")


async def test_unknown_address_and_wrong_password_look_the_same_and_take_the_same_work(world: World) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            type(self).verified += 1
            return super().verify(hash, password)

    async with running(world.identity(Counting(time_cost=1, memory_cost=8, parallelism=1))) as identity:
        await identity.register(EMAIL, PASSWORD)
        errors = []
        for email, password in ((EMAIL, "wrong password"), ("nobody@example.com", PASSWORD)):
            with pytest.raises(Unauthenticated) as caught:
                await sign_in(identity, email=email, password=password)
            errors.append((caught.value.code, caught.value.detail))
    assert errors[0] == errors[1]
    assert Counting.verified == 2


async def test_the_decoys_own_password_opens_nothing(identity: Identity) -> None:
    with pytest.raises(Unauthenticated):
        await sign_in(identity, email="nobody@example.com", password=DECOY_PASSWORD)


async def test_failures_count_for_the_address_and_for_the_email_and_success_does_not(
    world: World, identity: Identity
) -> None:
    await sign_in(identity)
    assert world.limits.failures == {}
    for _ in range(world.limits.allowed):
        with pytest.raises(Unauthenticated):
            await sign_in(identity, password="wrong password")
    assert world.limits.failures == dict.fromkeys(("address:192.0.2.1", f"email:{EMAIL}"), world.limits.allowed)
    with pytest.raises(RateLimited):
        await sign_in(identity)
    with pytest.raises(RateLimited):
        await identity.login(EMAIL, PASSWORD, device="", address="198.51.100.7")
    with pytest.raises(RateLimited):
        await sign_in(identity, email="other@example.com")


async def test_guesses_sent_all_at_once_are_counted_too(world: World, identity: Identity) -> None:
    guesses = (sign_in(identity, password=f"wrong password {n}") for n in range(40))
    results = await asyncio.gather(*guesses, return_exceptions=True)
    tried = sum(isinstance(result, Unauthenticated) for result in results)
    assert world.limits.allowed <= tried <= world.limits.allowed + 1


async def test_a_hash_of_older_parameters_is_renewed_at_sign_in(world: World, identity: Identity) -> None:
    old = next(iter(world.users.rows.values())).password_hash
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    async with running(world.identity(stronger)) as later:
        await sign_in(later)
        new = next(iter(world.users.rows.values())).password_hash
        assert new is not None
        assert new != old
        assert not stronger.check_needs_rehash(new)
        await sign_in(later)
        assert next(iter(world.users.rows.values())).password_hash == new


async def test_waiting_for_a_hash_is_bounded() -> None:
    passwords = Passwords(quick_hasher(), threads=1, waiting=1)
    async with passwords.slot():
        queued = asyncio.create_task(passwords.slot().__aenter__())
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await passwords.slot().__aenter__()
        queued.cancel()
        await asyncio.wait({queued})
    async with passwords.slot():
        pass
    await passwords.close()


# Access tokens


async def test_an_access_token_ends_after_ten_minutes_also_where_it_is_remembered(
    world: World, identity: Identity
) -> None:
    tokens = await sign_in(identity)
    world.clock.now += ACCESS_LIFETIME_S - 1
    identity.verify(tokens.access_token)
    world.clock.now += 1
    with pytest.raises(Unauthenticated) as caught:
        identity.verify(tokens.access_token)
    assert caught.value.code == "token_expired"


async def test_the_claims_are_those_of_the_contract(identity: Identity) -> None:
    claims = claims_of(await sign_in(identity))
    assert set(claims) == {"sub", "sid", "role", "typ", "aud", "iss", "iat", "exp", "jti"}
    assert (claims["typ"], claims["aud"], claims["iss"]) == ("access", "aether", "aether")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"typ": "refresh"},
        {"role": "owner"},
        {"role": ["admin"]},
        {"sid": 5},
        {"sub": None},
        {"exp": "never"},
        {"exp": None},
        {"jti": None},
    ],
    ids=str,
)
async def test_a_token_with_other_claims_is_refused(identity: Identity, changes: dict[str, object]) -> None:
    claims = {**claims_of(await sign_in(identity)), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    forged = jwt.encode(kept, derive_key(SECRET, "access tokens"), algorithm="HS256")
    with pytest.raises(Unauthenticated) as caught:
        identity.verify(forged)
    assert caught.value.code == "token_invalid"


async def test_a_token_of_another_key_or_algorithm_is_refused(identity: Identity) -> None:
    claims = claims_of(await sign_in(identity))
    key = derive_key(SECRET, "access tokens")
    forgeries = [
        jwt.encode(claims, derive_key(SECRET, "refresh tokens"), algorithm="HS256"),
        jwt.encode(claims, key * 2, algorithm="HS512"),
        jwt.encode(claims, None, algorithm="none"),
        "",
        "a.b.c",
        "é",
        "." * 10_000,
    ]
    for forged in forgeries:
        with pytest.raises(Unauthenticated):
            identity.verify(forged)


# Refresh tokens


async def test_a_refresh_replaces_both_tokens_and_keeps_the_session(identity: Identity) -> None:
    first = await sign_in(identity)
    second = await identity.refresh(first.refresh_token)
    third = await identity.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert identity.verify(third.access_token).session_id == first.session.id
    assert third.session.expires_at == first.session.expires_at


async def test_only_a_hash_of_the_refresh_token_is_stored(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    secret = tokens.refresh_token.rsplit(".", 1)[1]
    assert len(secret) == 43  # 256 bits in base64
    assert secret not in str(world.sessions.rows)
    assert secret not in repr(tokens)


@pytest.mark.parametrize("generations", [1, 2, 3])
async def test_a_reused_token_of_any_age_ends_the_family(world: World, identity: Identity, generations: int) -> None:
    stolen = await sign_in(identity)
    latest = stolen
    for _ in range(generations):
        world.clock.now += 60
        latest = await identity.refresh(latest.refresh_token)
    world.clock.now += 60
    with pytest.raises(Unauthenticated) as caught:
        await identity.refresh(stolen.refresh_token)
    assert caught.value.code == "session_revoked"
    with pytest.raises(Unauthenticated):
        await identity.refresh(latest.refresh_token)
    with pytest.raises(Unauthenticated) as caught:
        identity.verify(latest.access_token)
    assert caught.value.code == "session_revoked"


async def test_refreshes_of_the_same_token_at_once_get_the_same_replacement(identity: Identity) -> None:
    tokens = await sign_in(identity)
    results = await asyncio.gather(*(identity.refresh(tokens.refresh_token) for _ in range(5)))
    assert len({result.refresh_token for result in results}) == 1
    await identity.refresh(results[0].refresh_token)


async def test_the_grace_is_short(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    await identity.refresh(tokens.refresh_token)
    world.clock.now += 10
    await identity.refresh(tokens.refresh_token)
    world.clock.now += 0.1
    with pytest.raises(Unauthenticated):
        await identity.refresh(tokens.refresh_token)


async def test_a_family_ends_thirty_days_after_the_sign_in_whatever_its_use(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    for _ in range(29):
        world.clock.now += DAY
        tokens = await identity.refresh(tokens.refresh_token)
    world.clock.now += DAY
    with pytest.raises(Unauthenticated):
        await identity.refresh(tokens.refresh_token)


async def test_tokens_that_nobody_issued_are_refused_and_end_nothing(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    other = await identity.register("other@example.com", PASSWORD)
    _, session_id, secret = tokens.refresh_token.split(".")
    for forged in ("", "x", "a.b", "a.b.c.d", "..", f"{other.id}.{session_id}.{secret}", "a.b." + "c" * 300):
        with pytest.raises(Unauthenticated):
            await identity.refresh(forged)
    await identity.refresh(tokens.refresh_token)


async def test_a_user_that_is_gone_cannot_refresh(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    world.users.rows.clear()
    with pytest.raises(Unauthenticated):
        await identity.refresh(tokens.refresh_token)


# Sign-out


async def test_sign_out_ends_access_and_refresh_here_and_on_other_workers(world: World, identity: Identity) -> None:
    async with running(world.identity()) as elsewhere:
        tokens, kept = await sign_in(identity), await sign_in(identity)
        elsewhere.verify(tokens.access_token)
        await identity.logout(identity.verify(tokens.access_token))
        for worker in (identity, elsewhere):
            with pytest.raises(Unauthenticated):
                worker.verify(tokens.access_token)
            worker.verify(kept.access_token)
        with pytest.raises(Unauthenticated):
            await elsewhere.refresh(tokens.refresh_token)


async def test_sign_out_by_refresh_token_needs_a_valid_one(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    user_id, session_id, _ = tokens.refresh_token.split(".")
    await identity.logout_refresh(f"{user_id}.{session_id}.guessed")
    await identity.logout_refresh("nonsense")
    identity.verify(tokens.access_token)
    await identity.logout_refresh(tokens.refresh_token)
    with pytest.raises(Unauthenticated):
        identity.verify(tokens.access_token)


def is_refused(identity: Identity, tokens: Tokens) -> bool:
    try:
        identity.verify(tokens.access_token)
    except Unauthenticated:
        return True
    return False


async def test_without_a_bus_other_workers_learn_of_it_from_the_database(world: World, identity: Identity) -> None:
    async with running(world.identity()) as elsewhere:
        tokens = await sign_in(identity)
        world.network.cut()
        await identity.logout(identity.verify(tokens.access_token))
        await eventually(lambda: is_refused(elsewhere, tokens))


async def test_what_was_missed_is_read_when_the_bus_is_back(world: World, identity: Identity) -> None:
    async with running(world.identity()) as elsewhere:
        tokens = await sign_in(identity)
        await world.sessions.revoke(tokens.user.id, tokens.session.id)  # announced by nobody
        assert not is_refused(elsewhere, tokens)
        world.network.mend()
        await eventually(lambda: is_refused(elsewhere, tokens))


async def test_a_database_that_is_away_is_asked_again(world: World, identity: Identity) -> None:
    async with running(world.identity()) as elsewhere:
        tokens = await sign_in(identity)
        await world.sessions.revoke(tokens.user.id, tokens.session.id)
        world.sessions.away = True
        asked = len(world.sessions.asked)
        world.network.mend()
        await eventually(lambda: len(world.sessions.asked) > asked)
        world.sessions.away = False
        await eventually(lambda: is_refused(elsewhere, tokens))


async def test_a_worker_that_starts_later_knows_what_ended_before(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    await identity.logout(identity.verify(tokens.access_token))
    world.clock.now += ACCESS_LIFETIME_S - 1
    async with running(world.identity()) as later:
        assert is_refused(later, tokens)
        with pytest.raises(Unauthenticated) as caught:
            later.verify(tokens.access_token)
        assert caught.value.code == "session_revoked"
