"""The catalogue says what the vendor's price list says, and nothing ever goes to a model that is gone."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.domain.models import CATALOGUE, TIERS, ModelCatalogue, Tier, with_models
from backend.domain.usage import TokenUsage, parse_usd
from backend.errors import InvalidInput

PRICE_LIST = {
    # USD per million tokens: input, cached input, output; context and longest answer in tokens
    "openai/gpt-oss-20b": ("0.075", "0.0375", "0.30", 131_072, 65_536, "production"),
    "openai/gpt-oss-120b": ("0.15", "0.075", "0.60", 131_072, 65_536, "production"),
    "qwen/qwen3.6-27b": ("0.60", "0.30", "3.00", 131_072, 16_384, "preview"),
    "llama-3.1-8b-instant": ("0.05", None, "0.08", 131_072, 131_072, "retired"),
    "llama-3.3-70b-versatile": ("0.59", None, "0.79", 131_072, 32_768, "retired"),
}
RETIRED = [model for model in CATALOGUE if model.status == "retired"]
SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"


@pytest.mark.parametrize("model_id", PRICE_LIST)
def test_a_million_tokens_cost_what_the_price_list_says(model_id: str) -> None:
    fresh, cached, output, context, longest, status = PRICE_LIST[model_id]
    model = ModelCatalogue().get(model_id)
    assert model is not None
    million = 10**6
    assert model.cost(TokenUsage(prompt=million)) == parse_usd(fresh)
    assert model.cost(TokenUsage(prompt=million, cached_prompt=million)) == parse_usd(cached or fresh)
    assert model.cost(TokenUsage(completion=million)) == parse_usd(output)
    assert model.cost(TokenUsage(completion=million, reasoning=million)) == parse_usd(output)
    assert (model.context, model.max_output, model.status) == (context, longest, status)


def test_a_single_token_is_not_rounded_away() -> None:
    model = ModelCatalogue().for_tier("small")
    assert model.cost(TokenUsage(prompt=1, cached_prompt=1)) == parse_usd(str(Decimal("0.0375") / 10**6))


def test_a_price_on_which_sources_differ_is_unknown_and_not_zero() -> None:
    model = ModelCatalogue().get("qwen/qwen3.8-27b")
    assert model is not None
    assert model.price_version is None
    assert model.cost(TokenUsage(100, 0, 100)) is None
    assert model.cost(TokenUsage()) is None


def test_every_price_says_when_and_where_it_was_found() -> None:
    assert all(model.price_version and model.verified_on and model.source for model in CATALOGUE if model.price)


def test_a_price_is_old_on_the_ninety_first_day() -> None:
    catalogue = ModelCatalogue()
    found = catalogue.for_tier("large").verified_on
    assert found is not None
    on_time, late = found + timedelta(days=90), found + timedelta(days=91)
    assert LARGE not in [model.id for model in catalogue.aged(on_time)]
    assert LARGE in [model.id for model in catalogue.aged(late)]


@pytest.mark.parametrize(
    ("offered", "missing"),
    [
        ((SMALL, LARGE, "another/one"), []),
        ((SMALL,), [LARGE]),
        ((f"{SMALL}:latest", f"{LARGE}:latest"), []),
        ((f"models/{SMALL}", f"models/{LARGE}"), []),
        ((), []),
    ],
)
def test_what_a_vendor_does_not_offer_is_told_of_the_models_that_serve(
    offered: tuple[str, ...], missing: list[str]
) -> None:
    assert [model.id for model in ModelCatalogue().unserved(offered)] == missing


def test_models_are_distinct() -> None:
    assert len({model.id for model in CATALOGUE}) == len(CATALOGUE)


def test_each_tier_has_a_production_model_of_its_own_and_the_large_one_is_the_baseline() -> None:
    catalogue = ModelCatalogue()
    assert [catalogue.for_tier(tier).id for tier in TIERS] == [SMALL, LARGE]
    assert all(catalogue.for_tier(tier).status == "production" for tier in TIERS)
    assert catalogue.baseline.id == LARGE


@pytest.mark.parametrize("model", RETIRED, ids=lambda model: model.id)
def test_a_retired_model_is_known_but_not_usable(model: object) -> None:
    catalogue = ModelCatalogue()
    model_id = getattr(model, "id", "")
    assert catalogue.get(model_id) is model
    assert catalogue.usable(model_id) is None


def test_an_unknown_model_is_neither_known_nor_usable() -> None:
    assert ModelCatalogue().get("gpt-9") is None
    assert ModelCatalogue().usable("gpt-9") is None


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.id)
def test_fallbacks_are_other_production_models_with_those_of_the_same_tier_first(model: object) -> None:
    catalogue = ModelCatalogue()
    row = catalogue.get(getattr(model, "id", ""))
    assert row is not None
    others = catalogue.fallbacks(row)
    assert others
    assert row not in others
    assert all(other.status == "production" for other in others)
    far = [other.tier != row.tier for other in others]
    assert far == sorted(far)


def test_a_model_may_be_named_for_a_tier() -> None:
    catalogue = with_models("", "qwen/qwen3.6-27b")
    assert (catalogue.for_tier("small").id, catalogue.baseline.id) == (SMALL, "qwen/qwen3.6-27b")
    assert catalogue.baseline.price == next(row.price for row in CATALOGUE if row.id == "qwen/qwen3.6-27b")
    assert len(catalogue.models) == len(CATALOGUE)


def test_without_names_it_is_the_catalogue() -> None:
    assert sorted(model.id for model in with_models("", "").models) == sorted(model.id for model in CATALOGUE)
    assert with_models("", "").for_tier("small") == ModelCatalogue().for_tier("small")


def test_another_vendor_s_model_serves_unpriced() -> None:
    catalogue = with_models("llama3.2:3b", "")
    model = catalogue.for_tier("small")
    assert (model.id, model.cost(TokenUsage(1, 0, 1)), model.price_version) == ("llama3.2:3b", None, None)
    assert catalogue.usable("llama3.2:3b") is model


@pytest.mark.parametrize(("small", "large"), [("llama3.2:3b", "llama3.2:3b"), (LARGE, LARGE), (LARGE, ""), ("", SMALL)])
def test_one_model_may_serve_both_tiers(small: str, large: str) -> None:
    catalogue = with_models(small, large)
    wanted: dict[Tier, str] = {"small": small or SMALL, "large": large or LARGE}
    assert {tier: catalogue.for_tier(tier).id for tier in TIERS} == wanted
    ids = [model.id for model in catalogue.models]
    assert len(set(ids)) == len(ids)
    assert catalogue.baseline not in catalogue.fallbacks(catalogue.baseline)


def test_fallbacks_stay_among_the_models_that_serve() -> None:
    """With another vendor's models configured, Groq's are not at that address."""
    catalogue = with_models("llama3.2:3b", "qwen3:8b")
    assert [row.id for row in catalogue.fallbacks(catalogue.baseline)] == ["llama3.2:3b"]


@pytest.mark.parametrize("tiers", [("llama-3.1-8b-instant", ""), ("", "mixtral-8x7b-32768")])
def test_a_retired_model_cannot_be_configured(tiers: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput, match="retired"):
        with_models(*tiers)
