"""Identity over fakes of its stores: registration, passwords and the limit of failed sign-ins."""

import asyncio
from typing import Literal

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from backend.errors import Conflict, InvalidInput, Overloaded, RateLimited, Unauthenticated
from backend.services.identity import ACCESS_LIFETIME_S, Identity
from backend.services.identity.passwords import Passwords, decoy_hash
from tests.support.identity import EMAIL, PASSWORD, World, quick_hasher, running, sign_in


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


def test_a_decoy_costs_what_todays_hashes_cost_and_each_is_another() -> None:
    hasher = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    decoys = {decoy_hash(hasher), decoy_hash(hasher)}
    assert len(decoys) == 2
    for decoy in decoys:
        assert not hasher.check_needs_rehash(decoy)
        with pytest.raises(VerifyMismatchError):  # it was computed, not refused as no hash
            hasher.verify(decoy, PASSWORD)


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
