"""The vendor's list of models against those that answer here: told where it differs, never in the way."""

from dataclasses import replace
from datetime import date

import pytest

from backend.domain.models import ModelCatalogue
from backend.errors import UpstreamError
from backend.services.llm.provider import ChatMessage, ChatRequest
from backend.services.llm.scripted import ScriptedProvider
from backend.services.llm.vendor_models import Offer, VendorModels, pause_s
from backend.services.performance_monitor.advice_models import aged_prices, unserved_models
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.recommendations import recommend
from backend.services.redis_client import RedisClient
from backend.services.scalable_database import ScalableDatabase
from backend.wiring.parts import probes_of
from tests.support.monitoring import LARGE, SMALL
from tests.support.waiting import eventually
from tests.unit.llm_support import Clock

REQUEST = ChatRequest(SMALL, (ChatMessage("user", "Hi"),), temperature=0.2, max_tokens=9, deadline=Clock()() + 60)


def offering(*models: str) -> Offer:
    async def offer(_: float) -> list[str]:
        return list(models)

    return offer


async def silent(_: float) -> list[str]:
    raise UpstreamError("down")


async def test_the_list_is_asked_for_in_the_background() -> None:
    watch = VendorModels(ModelCatalogue())
    watch.start(offering(LARGE))
    assert not watch.missing
    await eventually(lambda: watch.missing == (SMALL,))
    await watch.close()


@pytest.mark.parametrize(
    ("simulated", "told"),
    [(False, "serves 1 models, but not {}, which a tier depends on"), (True, "simulated, serves 2 models")],
)
async def test_the_health_of_the_provider_names_what_is_missing(simulated: bool, told: str) -> None:
    provider = ScriptedProvider(clock=Clock())
    for model in (SMALL, LARGE) if simulated else (SMALL,):
        await provider.complete(replace(REQUEST, model=model))  # what it serves is what it was asked for
    nowhere = RedisClient("redis://127.0.0.1:9/0", "test", timeout_s=0.05)
    probes = probes_of(ScalableDatabase("memory://", "test"), nowhere, provider, ModelCatalogue(), simulated=simulated)
    assert await probes["provider"]() == told.format(LARGE)
    await nowhere.close()


async def test_a_vendor_that_does_not_tell_changes_nothing() -> None:
    watch = VendorModels(ModelCatalogue())
    assert await watch.check(offering(SMALL))
    assert not await watch.check(silent)
    assert watch.missing == (LARGE,)


def test_a_vendor_without_a_list_is_asked_ever_more_rarely() -> None:
    assert [pause_s(failures) for failures in (1, 2, 3)] == [60, 120, 240]
    assert pause_s(0) == pause_s(20) == pause_s(2_000) == 6 * 3600


async def test_a_refused_call_tells_it_too_and_a_later_list_takes_it_back() -> None:
    watch = VendorModels(ModelCatalogue())
    watch.note_gone("named/by-a-caller")
    watch.note_gone(SMALL)
    assert watch.missing == (SMALL,)
    await watch.check(offering(SMALL, LARGE))
    assert not watch.missing


def test_the_dashboard_names_what_is_missing_and_whose_price_is_old() -> None:
    catalogue = ModelCatalogue()
    found = catalogue.for_tier("small").verified_on
    assert found is not None
    standing = [*aged_prices(catalogue, date(2026, 4, 2)), *unserved_models([LARGE])]
    said = recommend(Figures(), "hour", standing)
    assert [(advice.id, advice.severity) for advice in said] == [
        ("aged_price", "warning"),
        ("unserved_model", "warning"),
    ]
    assert f"{SMALL} was last compared with the vendor's on {found}, 91 days ago" in said[0].text
    assert LARGE in said[1].text
