"""The model catalogue: one row a model. Prices are data with a date and a source, never code.

Prices are micro-dollars per million tokens (0.075 USD per million = 75_000), as found on the date in verified_on at the
vendor's page in source.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from backend.domain.usage import Price, TokenUsage
from backend.errors import InvalidInput

Tier = Literal["small", "large"]
Status = Literal["production", "preview", "retired"]
TIERS: tuple[Tier, ...] = ("small", "large")


@dataclass(frozen=True, slots=True)
class Model:
    """context and max_output in tokens. reasoning_efforts: the values the vendor accepts, empty for none.

    source: the page that the row is compared with. verified_on: the day on which it last was, UTC.
    """

    id: str
    tier: Tier
    context: int
    max_output: int
    price: Price | None
    verified_on: date | None
    status: Status
    reasoning_efforts: tuple[str, ...] = ()
    source: str | None = None

    @property
    def price_version(self) -> str | None:
        return self.price.version if self.price else None

    def age_days(self, today: date) -> int | None:
        """Days since the row was compared with the vendor's page, None where it never was."""
        return None if self.verified_on is None else max((today - self.verified_on).days, 0)

    def cost(self, usage: TokenUsage) -> int | None:
        """Pico-dollars, None where no price is known (unpriced is never free)."""
        return self.price.cost(usage) if self.price else None


UNKNOWN_CONTEXT = 32_768
"""Tokens assumed for a model that the catalogue does not know."""

GPT_OSS_EFFORTS = ("low", "medium", "high")
MODELS_PAGE = "https://console.groq.com/docs/models"
DEPRECATIONS_PAGE = "https://console.groq.com/docs/deprecations"
PRICE_AGE_DAYS_MAX = 90
"""A price that was compared with the vendor's page longer ago is no ground for figures of cost any more."""

CATALOGUE: tuple[Model, ...] = (
    Model(
        "openai/gpt-oss-20b",
        "small",
        131_072,
        65_536,
        Price("2026-01", 75_000, 37_500, 300_000),
        date(2026, 1, 1),
        "production",
        GPT_OSS_EFFORTS,
        MODELS_PAGE,
    ),
    Model(
        "openai/gpt-oss-120b",
        "large",
        131_072,
        65_536,
        Price("2026-06-04", 150_000, 75_000, 600_000),
        date(2026, 6, 4),
        "production",
        GPT_OSS_EFFORTS,
        MODELS_PAGE,
    ),
    Model(
        "qwen/qwen3.6-27b",
        "large",
        131_072,
        16_384,
        Price("2026-07-27", 600_000, 300_000, 3_000_000),
        date(2026, 7, 27),
        "preview",
        source=MODELS_PAGE,
    ),
    Model("qwen/qwen3.8-27b", "large", 131_042, 16_384, None, date(2026, 8, 28), "preview", source=MODELS_PAGE),
    Model(
        "llama-3.1-8b-instant",
        "small",
        131_072,
        131_072,
        Price("2026-08-16", 50_000, None, 80_000),
        date(2026, 8, 16),
        "retired",
        source=DEPRECATIONS_PAGE,
    ),
    Model(
        "llama-3.3-70b-versatile",
        "large",
        131_072,
        32_768,
        Price("2026-08-16", 590_000, None, 790_000),
        date(2026, 8, 16),
        "retired",
        source=DEPRECATIONS_PAGE,
    ),
    Model(
        "mixtral-8x7b-32768",
        "large",
        32_768,
        32_768,
        None,
        date(2025, 3, 31),
        "retired",
        source=DEPRECATIONS_PAGE,
    ),
)


class ModelCatalogue:
    """Looks models up. The large tier's model is the baseline.

    serving: the id of the model that serves a tier; without one it is the first production model of that tier.
    """

    def __init__(self, models: tuple[Model, ...] = CATALOGUE, serving: Mapping[Tier, str] | None = None) -> None:
        self.models = models
        self._by_id = {model.id: model for model in models}
        self._serving = {tier: self._by_id[model_id] for tier, model_id in (serving or {}).items()}

    def get(self, model_id: str) -> Model | None:
        return self._by_id.get(model_id)

    def usable(self, model_id: str) -> Model | None:
        """The model, None where it is unknown or retired."""
        model = self._by_id.get(model_id)
        return None if model is None or model.status == "retired" else model

    def for_tier(self, tier: Tier) -> Model:
        if tier in self._serving:
            return self._serving[tier]
        return next(m for m in self.models if m.tier == tier and m.status == "production")

    @property
    def serving(self) -> tuple[Model, ...]:
        """The models that routing chooses from, each once."""
        return tuple({row.id: row for row in map(self.for_tier, TIERS)}.values())

    @property
    def baseline(self) -> Model:
        """What every request would have gone to without routing."""
        return self.for_tier("large")

    def fallbacks(self, model: Model) -> tuple[Model, ...]:
        """The models to try after this one: those that serve a tier, the same tier first.

        A call that has a price never becomes one without: no limit of cost could be kept.
        """
        others = [row for row in self.serving if row.id != model.id and (row.price or not model.price)]
        return tuple(sorted(others, key=lambda row: row.tier != model.tier))

    def aged(self, today: date) -> tuple[Model, ...]:
        """The serving models whose price is older than PRICE_AGE_DAYS_MAX."""
        return tuple(row for row in self.serving if row.price and (row.age_days(today) or 0) > PRICE_AGE_DAYS_MAX)

    def unserved(self, offered: Collection[str]) -> tuple[Model, ...]:
        """The serving models that a vendor does not offer, or that are retired. Nothing offered tells nothing.

        A name may be offered with the tag that it stands for (llama3 as llama3:latest) or as a path (models/name).
        """
        known = {name.removesuffix(":latest").removeprefix("models/") for name in offered} | set(offered)
        return tuple(row for row in self.serving if known and (row.id not in known or row.status == "retired"))


def with_models(small: str, large: str) -> ModelCatalogue:
    """The catalogue, with other models for the tiers where they are named (of another vendor, or a newer one).

    A model that is not in the catalogue is unpriced: its calls are counted, and their cost is said to be unknown.
    Raises InvalidInput for a retired one.
    """
    usual = ModelCatalogue()
    serving: dict[Tier, str] = {"small": small or usual.for_tier("small").id, "large": large or usual.baseline.id}
    tier_of = {model_id: tier for tier, model_id in serving.items()}  # one that serves both counts as large
    known = {row.id: row for row in CATALOGUE}
    named = tuple(_serving(known.get(model_id), model_id, tier) for model_id, tier in tier_of.items())
    return ModelCatalogue((*named, *(row for row in CATALOGUE if row.id not in tier_of)), serving)


def _serving(known: Model | None, model_id: str, tier: Tier) -> Model:
    if known is None:
        return Model(model_id, tier, UNKNOWN_CONTEXT, UNKNOWN_CONTEXT, None, None, "production")
    if known.status == "retired":
        raise InvalidInput(f"{model_id} is retired: name another model for the {tier} tier.", code="model_retired")
    return replace(known, tier=tier, status="production")
