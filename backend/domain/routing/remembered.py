"""What was judged of a message is remembered: a question that comes again, or goes to five agents, is read once."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")

LATEST = 2
"""Messages before the one that is judged which may count; older ones change no judgement."""
REMEMBERED = 2_000
KEY_BYTES = 16


class Remembered(Generic[T]):
    """judge: a pure function of a message and of what came before it, the oldest first. Its results are immutable."""

    def __init__(self, judge: Callable[[str, Sequence[str]], T], size: int = REMEMBERED) -> None:
        self._judge = judge
        self._known: LRUCache[bytes, T] = LRUCache(size)

    def __call__(self, message: str, context: Sequence[str] = ()) -> T:
        latest = context[-LATEST:]
        key = _key(message, latest)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judge(message, latest)
        return known


def _key(message: str, context: Sequence[str]) -> bytes:
    """Each text with its length before it, so that no two lists of texts look alike."""
    digest = blake2b(digest_size=KEY_BYTES)
    for text in (message, *context):
        data = text.encode(errors="surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.digest()
