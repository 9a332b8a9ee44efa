"""Identity over fakes of its stores: access tokens, refresh tokens, and sign-out on every worker."""

import asyncio
from datetime import timedelta

import jwt
import pytest

from backend.errors import Unauthenticated
from backend.services.identity import ACCESS_LIFETIME_S, Identity, Tokens
from backend.services.identity.identity import derive_key
from tests.support.identity import PASSWORD, SECRET, World, running, sign_in
from tests.support.waiting import eventually

DAY = 86_400


def claims_of(tokens: Tokens) -> dict[str, object]:
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    key = derive_key(SECRET, "access tokens")
    return jwt.decode(tokens.access_token, key, algorithms=["HS256"], audience="aether", options=options)


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
        jwt.encode(claims, "", algorithm="none"),
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


async def test_a_family_that_nobody_uses_for_a_week_ends(world: World, identity: Identity) -> None:
    tokens = await sign_in(identity)
    world.clock.now += 7 * DAY - 1
    tokens = await identity.refresh(tokens.refresh_token)
    [session], _ = await identity.sessions(tokens.user.id, 10, None)
    assert session.expires_at == world.clock.instant + timedelta(days=7)
    world.clock.now += 7 * DAY
    assert await identity.sessions(tokens.user.id, 10, None) == ([], None)
    assert not await identity.end_session(tokens.user.id, tokens.session.id)
    with pytest.raises(Unauthenticated) as caught:
        await identity.refresh(tokens.refresh_token)
    assert caught.value.code == "refresh_token_invalid"


async def test_a_page_of_sessions_ends_where_the_idle_ones_begin(world: World, identity: Identity) -> None:
    idle = [await sign_in(identity) for _ in range(3)]
    world.clock.now += 7 * DAY
    used = [await sign_in(identity) for _ in range(3)]
    seen, cursor = await identity.sessions(used[0].user.id, 2, None)
    assert cursor is not None
    rest, cursor = await identity.sessions(used[0].user.id, 2, cursor)
    assert cursor is None
    assert {session.id for session in seen + rest} == {tokens.session.id for tokens in used}
    assert len(idle) == 3


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
