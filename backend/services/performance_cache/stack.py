"""The layers in their order: look-up, promotion, verification, clearing."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict

import structlog

from backend.services.performance_cache.answers import NotTheOwners, seal, unseal
from backend.services.performance_cache.layers import Item, Layer

JITTER = 0.1

Found = tuple[str, bytes]  # the name of the layer, and the body that was put

log = structlog.get_logger()


class LayerStack:
    """Every value repeats its owner and key; every read, from any layer, verifies them.

    A hit is copied into the layers above with the time to live that it has left, unless something was cleared
    while it was being read.
    """

    def __init__(self, layers: Sequence[Layer], clock: Callable[[], float]) -> None:
        self.layers = tuple(layers)
        self._clock = clock
        self._clears = 0
        self._rejected = 0

    def select(self, names: Sequence[str]) -> tuple[Layer, ...]:
        """Raises ValueError for a name that no layer has."""
        unknown = set(names) - {layer.name for layer in self.layers}
        if unknown:
            raise ValueError(f"no such cache layer: {', '.join(sorted(unknown))}")
        return tuple(layer for layer in self.layers if layer.name in names)

    def peek(self, user_id: str, key: str) -> Found | None:
        """From this process's memory."""
        for layer in self.layers:
            if found := self.found(layer, user_id, key, layer.peek(user_id, key)):
                return found
        return None

    async def get(self, user_id: str, key: str, layers: Sequence[Layer] | None = None) -> Found | None:
        """From the first of these layers that has it, all of them by default."""
        for layer in self.layers if layers is None else layers:
            clears = self._clears
            item = await layer.get(user_id, key)
            if found := self.found(layer, user_id, key, item, layers, promote=clears == self._clears):
                return found
        return None

    async def put(
        self, user_id: str, key: str, body: bytes, ttl_s: float, layers: Sequence[Layer] | None = None
    ) -> None:
        """Into these layers, nearest first; the time to live is shortened by up to JITTER."""
        jitter = random.uniform(1.0 - JITTER, 1.0)  # noqa: S311 (so that not everything expires at once)
        item = Item(seal(user_id, key, body), self._clock() + ttl_s * jitter)
        for layer in self.layers if layers is None else layers:
            await layer.put(user_id, key, item)

    def found(
        self,
        layer: Layer,
        user_id: str,
        key: str,
        item: Item | None,
        layers: Sequence[Layer] | None = None,
        *,
        promote: bool = True,
    ) -> Found | None:
        """What the layer had, where it is the reader's own, copied upward."""
        if item is None:
            return None
        try:
            body = unseal(user_id, key, item.payload)
        except NotTheOwners:
            self.reject(layer.name, user_id, key)
            return None
        for above in (self.layers if layers is None else layers) if promote else ():
            if above is layer:
                break
            above.keep(user_id, key, item)
        return layer.name, body

    def reject(self, layer: str, user_id: str, key: str) -> None:
        """Forgets a value that cannot be the reader's; the value itself stays out of the log."""
        self._rejected += 1
        log.error("cache_value_rejected", layer=layer)
        self.drop(user_id, key)

    def drop(self, user_id: str, key: str) -> None:
        self._clears += 1
        for layer in self.layers:
            layer.drop(user_id, key)

    def drop_user(self, user_id: str) -> dict[str, int]:
        """Counts by layer."""
        self._clears += 1
        return {layer.name: layer.drop_user(user_id) for layer in self.layers}

    def drop_all(self) -> None:
        self._clears += 1
        for layer in self.layers:
            layer.drop_all()

    def statistics(self) -> dict[str, dict[str, int] | int]:
        return {**{layer.name: asdict(layer.statistics) for layer in self.layers}, "rejected": self._rejected}
