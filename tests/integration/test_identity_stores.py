"""Identity over a real MongoDB and a real Valkey: two workers that share nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from backend.errors import CacheUnavailable, Conflict, RateLimited, Unauthenticated
from backend.services.bus import Bus
from backend.services.identity import Identity, Tokens
from backend.services.identity.passwords import Passwords
from backend.services.limiter import Limiter
from backend.services.redis_client import RedisClient
from backend.services.repositories.auth_sessions import AuthSessionRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.second_factors import SecondFactorRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import ScalableDatabase
from tests.support.identity import EMAIL, PASSWORD, SECRET, Audit, quick_hasher, sign_in
from tests.support.proxy import proxied
from tests.support.waiting import eventually

WITHIN_S = 1.0
SLOW_MACHINE_S = 0.5


@asynccontextmanager
async def worker(mongo_url: str, redis_url: str, name: str) -> AsyncIterator[Identity]:
    async with AsyncExitStack() as stack:
        database = ScalableDatabase(mongo_url, name, pool_min=0)
        await database.start(create_indexes=False)
        stack.push_async_callback(database.close)
        await database.ensure_indexes()
        redis = RedisClient(redis_url, name)
        stack.push_async_callback(redis.close)
        bus = Bus(redis)
        identity = Identity(
            UserRepository(database),
            AuthSessionRepository(database),
            SecondFactorRepository(database),
            OneTimeTokenRepository(database),
            limits=Limiter(redis, chat=None, auth=(3, 900), concurrency=None),
            bus=bus,
            audit=Audit(),
            secret=SECRET,
            passwords=Passwords(quick_hasher()),
        )
        await bus.start()
        stack.push_async_callback(bus.close)
        await identity.start()
        stack.push_async_callback(identity.close)
        yield identity


@pytest.fixture
async def workers(mongo_url: str, redis_url: str, database_name: str) -> AsyncIterator[tuple[Identity, Identity]]:
    async with (
        worker(mongo_url, redis_url, database_name) as one,
        worker(mongo_url, redis_url, database_name) as other,
    ):
        await one.register(EMAIL, PASSWORD, "Ada")
        yield one, other


async def refused_within(identity: Identity, tokens: Tokens, seconds: float) -> None:
    """Waits until the access token is refused; TimeoutError where that takes longer."""

    def refused() -> bool:
        try:
            identity.verify(tokens.access_token)
        except Unauthenticated:
            return True
        return False

    await eventually(refused, seconds)


async def test_the_whole_life_of_a_sign_in_over_two_workers(workers: tuple[Identity, Identity]) -> None:
    one, other = workers
    tokens = await sign_in(one)
    assert other.verify(tokens.access_token).user_id == tokens.user.id
    renewed = await other.refresh(tokens.refresh_token)
    assert abs(renewed.session.expires_at - tokens.session.expires_at) < timedelta(milliseconds=1)
    await one.logout(one.verify(renewed.access_token))
    await refused_within(other, renewed, WITHIN_S)
    with pytest.raises(Unauthenticated):
        await other.refresh(renewed.refresh_token)


async def test_two_workers_that_refresh_the_same_token_at_once_agree(workers: tuple[Identity, Identity]) -> None:
    one, other = workers
    tokens = await sign_in(one)
    results = await asyncio.gather(*(worker.refresh(tokens.refresh_token) for worker in (one, other) * 5))
    assert len({result.refresh_token for result in results}) == 1


async def test_an_address_is_registered_once_however_many_try(workers: tuple[Identity, Identity]) -> None:
    one, other = workers
    tries = (worker.register("New@Example.com", PASSWORD) for worker in (one, other) * 4)
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 7


async def test_failed_sign_ins_are_counted_over_all_workers(workers: tuple[Identity, Identity]) -> None:
    one, other = workers
    for identity in (one, other, one):
        with pytest.raises(Unauthenticated):
            await sign_in(identity, password="wrong password")
    with pytest.raises(RateLimited) as caught:
        await sign_in(other)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 900


async def test_without_redis_nobody_signs_in_but_who_is_signed_in_goes_on_and_sign_out_reaches_every_worker(
    mongo_url: str, redis_url: str, database_name: str
) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    async with worker(mongo_url, redis_url, database_name) as one, worker(mongo_url, nowhere, database_name) as other:
        await one.register(EMAIL, PASSWORD)
        tokens = await sign_in(one)
        with pytest.raises(CacheUnavailable):
            await sign_in(other)
        other.verify(tokens.access_token)
        await one.logout(one.verify(tokens.access_token))
        await refused_within(other, tokens, WITHIN_S)


async def test_a_connection_to_redis_that_died_silently_delays_a_sign_out_by_no_more_than_a_second(
    mongo_url: str, redis_url: str, database_name: str
) -> None:
    async with (
        proxied(redis_url) as (proxy, through_proxy),
        worker(mongo_url, redis_url, database_name) as one,
        worker(mongo_url, through_proxy, database_name) as other,
    ):
        await one.register(EMAIL, PASSWORD)
        tokens = await sign_in(one)
        proxy.pause()
        await one.logout(one.verify(tokens.access_token))
        await refused_within(other, tokens, WITHIN_S + SLOW_MACHINE_S)
        proxy.resume()
