"""Results that many ask for and that cost the database something: kept for a while in this worker."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """compute: for a key, of which there are few. One at a time computes it, others wait; ttl_s and clock in seconds.

    What compute raises is raised and not kept.
    """

    def __init__(self, compute: Callable[[K], Awaitable[V]], ttl_s: float, clock: Callable[[], float]) -> None:
        self._compute = compute
        self._ttl_s = ttl_s
        self._clock = clock
        self._kept: dict[K, tuple[float, V]] = {}
        self._locks: dict[K, asyncio.Lock] = {}

    async def get(self, key: K) -> V:
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is None or self._clock() >= kept[0]:
                value = await self._compute(key)
                kept = self._kept[key] = (self._clock() + self._ttl_s, value)
            return kept[1]
