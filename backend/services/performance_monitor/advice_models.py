"""Advice on the model catalogue: prices that nobody has looked at for long, models that the vendor has withdrawn."""

from collections.abc import Iterator, Sequence
from datetime import date

from backend.domain.models import PRICE_AGE_DAYS_MAX, ModelCatalogue
from backend.services.performance_monitor.advice import Recommendation


def aged_prices(catalogue: ModelCatalogue, today: date) -> Iterator[Recommendation]:
    for model in catalogue.aged(today):
        text = (
            f"The price of {model.id} was last compared with the vendor's on {model.verified_on}, "
            f"{model.age_days(today)} days ago (more than {PRICE_AGE_DAYS_MAX}), and every figure of cost and saving "
            f"rests on it: compare it with {model.source} and correct its row in backend/domain/models.py."
        )
        yield Recommendation("aged_price", "warning", "models.verified_on", text)


def unserved_models(missing: Sequence[str]) -> Iterator[Recommendation]:
    """missing: ids of serving models that the vendor does not serve."""
    for model_id in missing:
        text = (
            f"The provider does not serve {model_id}, which a tier depends on: the other tier's model answers in its "
            "place at its own price. Name another one in AETHER_MODEL_SMALL or AETHER_MODEL_LARGE."
        )
        yield Recommendation("unserved_model", "warning", "models.status", text)
