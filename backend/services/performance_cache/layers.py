"""What a cache layer is, and the layer in this process's memory."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TLRUCache

MAX_BYTES = 64 * 2**20
LARGEST_SHARE = 16


@dataclass(frozen=True, slots=True)
class Item:
    """expires_at: wall clock, seconds; nobody may keep the payload beyond it."""

    payload: bytes
    expires_at: float


@dataclass(slots=True)
class LayerStatistics:
    """items and bytes: held now; a layer outside this process leaves them 0, other workers share it."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    items: int = 0
    bytes: int = 0

    def count(self, found: object) -> None:
        if found is None:
            self.misses += 1
        else:
            self.hits += 1


class Layer:
    """The base of all layers. A layer in this process answers the plain methods, one elsewhere the async ones.

    Values are opaque here; whose they are is checked by the reader.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.statistics = LayerStatistics()

    def peek(self, user_id: str, key: str) -> Item | None:
        """The item where it is in this process's memory."""
        return None

    def keep(self, user_id: str, key: str, item: Item) -> None:
        """Stores a copy of what was put, or found further down."""

    def drop(self, user_id: str, key: str) -> None:
        """Forgets one item in this process."""

    def drop_user(self, user_id: str) -> int:
        """Forgets the user's items in this process; how many there were."""
        return 0

    def drop_all(self) -> None:
        """Forgets every item in this process."""

    async def get(self, user_id: str, key: str) -> Item | None:
        return self.peek(user_id, key)

    async def put(self, user_id: str, key: str, item: Item) -> None:
        self.keep(user_id, key, item)

    async def remove(self, user_id: str, key: str) -> None:
        self.drop(user_id, key)


class _Store(TLRUCache[tuple[str, str], Item]):
    """Tells whenever it lets go of an item by itself."""

    def __init__(self, capacity: int, clock: Callable[[], float], forgotten: Callable[[tuple[str, str]], None]) -> None:
        super().__init__(capacity, lambda _key, item, _now: item.expires_at, timer=clock)
        self._forgotten = forgotten

    def popitem(self) -> tuple[tuple[str, str], Item]:
        entry, item = super().popitem()
        self._forgotten(entry)
        return entry, item

    def expire(self, time: float | None = None) -> list[tuple[tuple[str, str], Item]]:
        expired = super().expire(time)
        for entry, _ in expired:
            self._forgotten(entry)
        return expired


class MemoryLayer(Layer):
    """At most `capacity` items of at most max_bytes together, each for ttl_s or less; least recently used go first."""

    def __init__(
        self,
        name: str,
        *,
        capacity: int,
        ttl_s: float,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name)
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._sizes: dict[str, dict[str, int]] = defaultdict(dict)
        self._store = _Store(capacity, clock, self._evicted)

    def peek(self, user_id: str, key: str) -> Item | None:
        item = self._store.get((user_id, key))
        self.statistics.count(item)
        return item

    def keep(self, user_id: str, key: str, item: Item) -> None:
        size = len(item.payload)
        if size > self._max_bytes // LARGEST_SHARE:
            return
        self.drop(user_id, key)
        self._store[user_id, key] = Item(item.payload, min(item.expires_at, self._clock() + self._ttl_s))
        if (user_id, key) not in self._store:  # expired already
            return
        self._sizes[user_id][key] = size
        self._count(1, size)
        while self.statistics.bytes > self._max_bytes:
            self._store.popitem()

    def drop(self, user_id: str, key: str) -> None:
        self._store.pop((user_id, key), None)
        self._forget(user_id, key)

    def drop_user(self, user_id: str) -> int:
        self._store.expire()
        keys = tuple(self._sizes.get(user_id, ()))
        for key in keys:
            self.drop(user_id, key)
        return len(keys)

    def drop_all(self) -> None:
        self._store.clear()
        self._sizes.clear()
        self.statistics.items = self.statistics.bytes = 0

    def _evicted(self, entry: tuple[str, str]) -> None:
        if self._forget(*entry):
            self.statistics.evictions += 1

    def _forget(self, user_id: str, key: str) -> bool:
        size = self._sizes.get(user_id, {}).pop(key, None)
        if size is None:
            return False
        if not self._sizes[user_id]:
            del self._sizes[user_id]
        self._count(-1, -size)
        return True

    def _count(self, items: int, size: int) -> None:
        self.statistics.items += items
        self.statistics.bytes += size
