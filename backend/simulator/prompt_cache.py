"""The vendor's automatic prompt cache: which prefix of a prompt was seen before, byte for byte."""

from collections import OrderedDict
from hashlib import blake2b

from backend.simulator.tokens import BYTES_PER_TOKEN

BLOCK_TOKENS = 128
BLOCK_BYTES = BLOCK_TOKENS * BYTES_PER_TOKEN


class PromptCache:
    """Remembers prefixes in blocks of 128 tokens, one digest a block, the least recently used forgotten first."""

    def __init__(self, capacity: int = 50_000) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def clear(self) -> None:
        self._seen.clear()

    def visit(self, owner: bytes, model: str, prompt: bytes) -> int:
        """Cached tokens of the prompt; remembers all of it for the next call of this owner and model.

        Every block's digest continues the one before it, so a change spoils all that follows and nothing before.
        """
        digest = blake2b(owner + b"\0" + model.encode(), digest_size=16).digest()
        cached, unbroken = 0, True
        for end in range(BLOCK_BYTES, len(prompt) + 1, BLOCK_BYTES):
            digest = blake2b(digest + prompt[end - BLOCK_BYTES : end], digest_size=16).digest()
            unbroken = unbroken and digest in self._seen
            cached += BLOCK_TOKENS if unbroken else 0
            self._remember(digest)
        return cached

    def _remember(self, digest: bytes) -> None:
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
