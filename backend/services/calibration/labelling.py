"""Labels that people give without being asked: thumbs, and answers of the small model that were made anew."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from backend.domain.calibration.fit import WEIGHTS, Gain, Label, Source
from backend.domain.feedback import Rating
from backend.domain.similarity.audit import is_similar
from backend.services.repositories.routing_labels import RoutingLabelRepository

GAIN_OF: Mapping[Rating, Gain] = {"up": 0, "down": 1}
"""A good answer leaves nothing to gain; a bad one may."""


class Labelling:
    """now: the time, aware, UTC."""

    def __init__(self, labels: RoutingLabelRepository, now: Callable[[], datetime]) -> None:
        self._labels = labels
        self._now = now

    async def rated(self, user_id: str, message_id: str, receipt: Mapping[str, Any] | None, rating: Rating) -> None:
        await self._put(user_id, message_id, receipt, "thumbs", GAIN_OF[rating])

    async def withdrawn(self, user_id: str, message_id: str) -> None:
        await self._labels.remove(user_id, message_id, "thumbs")

    async def regenerated(self, user_id: str, message_id: str, receipt: Mapping[str, Any] | None) -> None:
        await self._put(user_id, message_id, receipt, "regeneration", 1)

    async def compared(
        self, user_id: str, message_id: str, model: str, domain: str | None, score: float, gain: Gain, source: Source
    ) -> None:
        """model: whose answer was compared with the large one's."""
        label = Label(domain, score, gain, WEIGHTS[source], source, self._now())
        await self._labels.put(user_id, message_id, model, label)

    async def _put(
        self, user_id: str, message_id: str, receipt: Mapping[str, Any] | None, source: Source, gain: Gain
    ) -> None:
        """Of the large model's answers, of a team's, and of what another question was answered, it says nothing."""
        routing = (receipt or {}).get("routing")
        if not routing or routing["tier"] != "small" or (receipt or {}).get("error") or is_similar(receipt):
            return
        model = str((receipt or {}).get("model_used", ""))
        await self.compared(user_id, message_id, model, routing.get("domain"), routing["complexity"], gain, source)
