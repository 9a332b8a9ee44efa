"""The second factor over fakes of its stores: time, sealing, and what is looked up when."""

import pytest

from backend.errors import InvalidInput, MfaRequired, RateLimited, Unauthenticated
from backend.services.identity import Identity, Tokens
from backend.services.identity.sealing import Sealing
from backend.services.identity.second_factors import STEP_S, code_hash, new_codes
from tests.support.identity import EMAIL, World, sign_in
from tests.support.second_factor import Authenticator

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


async def switch_on(world: World, identity: Identity) -> tuple[Authenticator, list[str]]:
    [user] = world.users.rows.values()
    authenticator = Authenticator((await identity.second_factors.enroll(user)).secret, world.clock)
    return authenticator, await identity.second_factors.confirm(user.id, authenticator.code())


async def challenged(identity: Identity) -> str:
    with pytest.raises(MfaRequired) as caught:
        await sign_in(identity)
    token = caught.value.extensions["mfa_token"]
    assert isinstance(token, str)
    assert token not in str(caught.value)
    return token


async def enter(identity: Identity, token: str, code: str) -> Tokens:
    return await identity.login_mfa(token, code, device="a browser")


async def refusal(identity: Identity, token: str, code: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await enter(identity, token, code)
    return caught.value.code


async def test_it_is_looked_up_only_where_the_password_is_right(world: World, identity: Identity) -> None:
    await switch_on(world, identity)
    world.factors.asked = 0
    for email in (EMAIL, "nobody@example.com"):
        with pytest.raises(Unauthenticated):
            await sign_in(identity, email=email, password="wrong password")
    assert world.factors.asked == 0
    await challenged(identity)
    assert world.factors.asked == 1


@pytest.mark.parametrize(("behind", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_codes_of_the_step_before_and_after_are_taken_and_no_others(
    world: World, identity: Identity, behind: int, good: bool
) -> None:
    """behind: steps by which the authenticator's clock is."""
    authenticator, _ = await switch_on(world, identity)
    world.clock.now += 10 * STEP_S
    token = await challenged(identity)
    authenticator.last = int(world.clock.now) // STEP_S - behind - 1
    authenticator.clock = lambda: 0
    code = authenticator.code()
    if good:
        assert (await enter(identity, token, code)).user.email == EMAIL
    else:
        assert await refusal(identity, token, code) == "mfa_code_invalid"


async def test_a_code_takes_all_older_ones_along(world: World, identity: Identity) -> None:
    authenticator, _ = await switch_on(world, identity)
    world.clock.now += 10 * STEP_S
    first, second = authenticator.code(), authenticator.code()
    await enter(identity, await challenged(identity), second)
    assert await refusal(identity, await challenged(identity), first) == "mfa_code_invalid"


async def test_the_time_between_the_steps_is_bounded(world: World, identity: Identity) -> None:
    authenticator, _ = await switch_on(world, identity)
    token, later = await challenged(identity), await challenged(identity)
    world.clock.now += 299
    await enter(identity, later, authenticator.code())
    world.clock.now += 1
    assert await refusal(identity, token, authenticator.code()) == "mfa_token_invalid"


async def test_an_account_that_ends_between_the_steps_is_not_entered(world: World, identity: Identity) -> None:
    _, codes = await switch_on(world, identity)
    token = await challenged(identity)
    world.users.rows.clear()
    assert await refusal(identity, token, codes[0]) == "mfa_token_invalid"


async def test_the_limit_of_wrong_codes_is_the_accounts_and_does_not_touch_its_passwords(
    world: World, identity: Identity
) -> None:
    authenticator, _ = await switch_on(world, identity)
    token = await challenged(identity)
    for _ in range(world.limits.allowed):
        assert await refusal(identity, token, "000000") == "mfa_code_invalid"
    code = authenticator.code()
    with pytest.raises(RateLimited):
        await enter(identity, token, code)
    [user] = world.users.rows.values()
    assert world.limits.failures == {f"mfa:{user.id}": world.limits.allowed}
    world.limits.failures.clear()  # as the window slides
    await enter(identity, token, code)


async def test_where_the_servers_key_was_changed_recovery_codes_go_on(world: World, identity: Identity) -> None:
    authenticator, codes = await switch_on(world, identity)
    [row] = world.factors.rows.values()
    world.factors.rows[row.user_id] = type(row)(
        row.user_id,
        Sealing(OTHER_KEY).seal(row.user_id, authenticator.secret),
        row.created_at,
        row.enabled_at,
        row.recovery_codes,
    )
    token = await challenged(identity)
    assert await refusal(identity, token, authenticator.code()) == "mfa_code_invalid"
    await enter(identity, token, codes[0])


async def test_a_code_that_does_not_confirm_switches_nothing_on(world: World, identity: Identity) -> None:
    [user] = world.users.rows.values()
    await identity.second_factors.enroll(user)
    with pytest.raises(InvalidInput):
        await identity.second_factors.confirm(user.id, "000000")
    await sign_in(identity)


def test_a_secret_is_sealed_for_one_user_and_one_key() -> None:
    sealing = Sealing(KEY)
    sealed = sealing.seal("user_ada", "a secret")
    assert sealing.unseal("user_ada", sealed) == "a secret"
    assert sealing.seal("user_ada", "a secret") != sealed
    assert sealing.unseal("user_eve", sealed) is None
    assert Sealing(OTHER_KEY).unseal("user_ada", sealed) is None
    for damaged in ("", "x", sealed[:-4], sealed[4:], "é" * 40, sealed[:20] + sealed[24:]):
        assert sealing.unseal("user_ada", damaged) is None


def test_recovery_codes_are_long_random_and_readable() -> None:
    codes = [code for _ in range(20) for code in new_codes()]
    assert len(set(codes)) == 200
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4] * 6
        assert set("".join(groups)) <= set("abcdefghijklmnopqrstuvwxyz234567"), "120 bits in base32"
        assert code_hash(code) == code_hash(code.upper().replace("-", " "))
