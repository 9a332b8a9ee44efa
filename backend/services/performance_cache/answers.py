"""A cached answer: its key, its bytes, and how a reader knows that it is the owner's."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson

from backend.domain.answers.cascade import CascadeUse, cascade_of
from backend.domain.conversations import ContextItem
from backend.domain.usage import TokenUsage

SCHEMA = 2
HitLayer = Literal["l1", "l2", "l3", "coalesced", "similar"]


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """cost and baseline in pico-dollars, None where no price is known; cost is what the call had cost its payer.

    cascade: of an answer that was checked first; usage and cost are then of both calls.
    """

    user_id: str
    content: str
    reasoning: str | None
    finish_reason: str
    agent: str
    model: str
    usage: TokenUsage
    cost: int | None
    baseline: int | None
    created_at: datetime
    cascade: CascadeUse | None = None

    def encode(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def decode(cls, data: bytes) -> "CachedAnswer":
        """Raises ValueError, TypeError or KeyError for bytes that are not an encoded answer."""
        fields = orjson.loads(data)
        fields["usage"] = TokenUsage(**fields["usage"])
        fields["cascade"] = cascade_of(fields.get("cascade"))
        fields["created_at"] = datetime.fromisoformat(fields["created_at"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Hit:
    """age_s: seconds since the answer was made.

    question: what it was the answer to, where that was another question; similarity of the two, 0 to 1.
    """

    answer: CachedAnswer
    layer: HitLayer
    age_s: float
    question: str | None = None
    similarity: float | None = None


def answer_key(
    *,
    user_id: str,
    agent: str,
    prompt_version: str,
    model: str,
    sampling: Mapping[str, str | int | float | None],
    instructions: str,
    message: str,
    context_hash: str,
) -> str:
    """SHA-256 in hex over everything that shapes an answer. The encoding is JSON: no two inputs share one."""
    call = [agent, prompt_version, model, sorted(sampling.items())]
    parts = [SCHEMA, user_id, *call, instructions, message, context_hash]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def cascade_key(first: str, second: str) -> str:
    """Of the answer of a cascade, from the keys of what its two models would be asked."""
    return hashlib.sha256(orjson.dumps([SCHEMA, "cascade", first, second])).hexdigest()


def hash_context(items: Sequence[ContextItem]) -> str:
    """SHA-256 in hex of the earlier messages, in order."""
    return hashlib.sha256(orjson.dumps([[item.role, item.content] for item in items])).hexdigest()


class NotTheOwners(Exception):
    """A stored value that belongs to another user, another key or another schema."""


def seal(user_id: str, key: str, body: bytes) -> bytes:
    """The body behind a line that repeats its owner and key."""
    return orjson.dumps([SCHEMA, user_id, key]) + b"\n" + body


def unseal(user_id: str, key: str, payload: bytes) -> bytes:
    """The body. Raises NotTheOwners."""
    header, _, body = payload.partition(b"\n")
    if header != orjson.dumps([SCHEMA, user_id, key]):
        raise NotTheOwners
    return body
