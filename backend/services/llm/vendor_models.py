"""Whether the vendor still serves the models that answer here: asked in the background, told where people look."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from backend.domain.models import ModelCatalogue
from backend.errors import AetherError
from backend.services.tasks import end

DEADLINE_S = 10.0
PAUSE_S, FIRST_PAUSE_S, DOUBLINGS_MAX = 6 * 3600.0, 60.0, 10

Offer = Callable[[float], Awaitable[list[str]]]
"""The ids of what a vendor serves, asked within a number of seconds. Raises an AetherError."""

log = structlog.get_logger()


class VendorModels:
    """Never holds up or fails a start: what is not known yet is no warning. start and close belong together."""

    def __init__(self, catalogue: ModelCatalogue) -> None:
        self._catalogue = catalogue
        self._missing: set[str] = set()
        self._watch: asyncio.Task[None] | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Serving models that the vendor does not list, or has refused a call to as withdrawn since it was asked."""
        return tuple(sorted(self._missing))

    def start(self, offer: Offer) -> None:
        self._watch = asyncio.create_task(self._repeat(offer), name="vendor_models")

    async def close(self) -> None:
        await end(self._watch)

    def note_gone(self, model_id: str) -> None:
        """The vendor has refused a call because it does not serve the model."""
        log.warning("model_not_served", model=model_id, found_by="call")
        if any(model.id == model_id for model in self._catalogue.serving):
            self._missing.add(model_id)

    async def check(self, offer: Offer) -> bool:
        """Asks once. False: the vendor did not tell, and what was known stays."""
        try:
            offered = await offer(DEADLINE_S)
        except AetherError as error:
            log.info("vendor_models_unknown", code=error.code)
            return False
        self._missing = {model.id for model in self._catalogue.unserved(offered)}
        for model_id in self.missing:
            log.warning("model_not_served", model=model_id, found_by="list")
        return True

    async def _repeat(self, offer: Offer) -> None:
        failures = 0
        while True:
            failures = 0 if await self.check(offer) else failures + 1
            await asyncio.sleep(pause_s(failures))


def pause_s(failures: int) -> float:
    """Seconds until the vendor is asked again: twice as long after each failure, for one that has no list at all."""
    doubled = FIRST_PAUSE_S * 2.0 ** min(failures - 1, DOUBLINGS_MAX)
    return min(doubled, PAUSE_S) if failures else PAUSE_S
