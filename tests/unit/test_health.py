"""Health: asked for real, at once, within a deadline."""

import asyncio

import pytest

from backend.errors import DatabaseUnavailable, Overloaded, UpstreamError
from backend.services.health import Health, Probe
from backend.services.redis_client import RedisUnavailable


async def fine() -> str:
    return "well"


async def never() -> str:
    await asyncio.Event().wait()
    return "late"


def failing(error: Exception) -> Probe:
    async def probe() -> str:
        raise error

    return probe


def health(mongo: Probe = fine, redis: Probe = fine, provider: Probe = fine) -> Health:
    probes = {"mongo": mongo, "redis": redis, "provider": provider}
    return Health(probes, version="1.2.3", deadline_s=0.05, clock=asyncio.get_running_loop().time)


async def test_all_well() -> None:
    report = await health().report()
    assert report.status == "ok"
    assert report.version == "1.2.3"
    assert list(report.checks) == ["mongo", "redis", "provider"]
    assert {(check.status, check.detail) for check in report.checks.values()} == {("ok", "well")}


@pytest.mark.parametrize("error", [RedisUnavailable("the breaker is open")])
async def test_redis_away_degrades(error: Exception) -> None:
    report = await health(redis=failing(error)).report()
    assert report.status == "degraded"
    assert report.checks["redis"].status == "down"
    assert report.checks["mongo"].status == "ok"


async def test_provider_away_degrades_and_says_why() -> None:
    report = await health(provider=failing(UpstreamError("it answered 401"))).report()
    assert report.status == "degraded"
    assert report.checks["provider"].detail == "it answered 401"


async def test_mongo_away_is_down_and_not_ready() -> None:
    service = health(mongo=failing(DatabaseUnavailable("no primary")))
    assert (await service.report()).status == "down"
    with pytest.raises(DatabaseUnavailable):
        await service.check_ready()


async def test_a_dependency_that_hangs_is_down_after_the_deadline_without_delaying_the_others() -> None:
    started = asyncio.get_running_loop().time()
    report = await health(mongo=never, redis=never, provider=never).report()
    assert asyncio.get_running_loop().time() - started < 0.14
    assert {check.status for check in report.checks.values()} == {"down"}
    assert report.checks["mongo"].latency_ms >= 45


async def test_readiness_asks_only_what_is_needed_for_an_answer() -> None:
    await health(redis=never, provider=never).check_ready()


async def test_a_draining_worker_is_not_ready() -> None:
    service = health()
    await service.check_ready()
    service.drain()
    with pytest.raises(Overloaded) as caught:
        await service.check_ready()
    assert caught.value.code == "draining"
    assert (await service.report()).status == "ok"


async def test_an_earlier_report_is_given_again_while_it_is_young() -> None:
    asked = 0

    async def counting() -> str:
        nonlocal asked
        asked += 1
        return "well"

    service = health(mongo=counting)
    await service.report(max_age_s=60)
    await service.report(max_age_s=60)
    assert asked == 1
    await service.report()
    assert asked == 2
