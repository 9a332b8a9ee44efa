"""Groq's answers as bytes: the whole completion and the events of a stream."""

from dataclasses import dataclass
from typing import Any

import orjson

DONE = b"data: [DONE]\n\n"
FINGERPRINT = "fp_simulated0"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and seconds of one call; reasoning is part of completion, cached of prompt."""

    prompt: int
    cached_prompt: int
    completion: int
    reasoning: int
    queue_s: float
    prompt_s: float
    completion_s: float

    def tokens(self) -> dict[str, int]:
        return {
            "prompt": self.prompt,
            "cached_prompt": self.cached_prompt,
            "completion": self.completion,
            "reasoning": self.reasoning,
        }

    def wire(self) -> dict[str, Any]:
        return {
            "queue_time": self.queue_s,
            "prompt_tokens": self.prompt,
            "prompt_time": self.prompt_s,
            "completion_tokens": self.completion,
            "completion_time": self.completion_s,
            "total_tokens": self.prompt + self.completion,
            "total_time": self.prompt_s + self.completion_s,
            "prompt_tokens_details": {"cached_tokens": self.cached_prompt},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        }


@dataclass(frozen=True, slots=True)
class Identity:
    """number: unique in this run. created: Unix time in seconds."""

    number: int
    model: str
    created: int

    @property
    def completion_id(self) -> str:
        return f"chatcmpl-simulated-{self.number:012d}"

    @property
    def request_id(self) -> str:
        return f"req_simulated{self.number:012d}"


def completion(identity: Identity, content: str, reasoning: str, finish_reason: str, usage: Usage) -> bytes:
    """The JSON body of an answer that is no stream."""
    message = {"role": "assistant", "content": content}
    if reasoning:
        message["reasoning"] = reasoning
    return orjson.dumps(
        {
            "id": identity.completion_id,
            "object": "chat.completion",
            "created": identity.created,
            "model": identity.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
            "usage": usage.wire(),
            "usage_breakdown": None,
            "system_fingerprint": FINGERPRINT,
            "x_groq": {"id": identity.request_id},
            "service_tier": "on_demand",
        }
    )


class StreamEvents:
    """The events of one stream. Only the token differs from event to event, so the rest is rendered once."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._base: dict[str, Any] = {
            "id": identity.completion_id,
            "object": "chat.completion.chunk",
            "created": identity.created,
            "model": identity.model,
            "system_fingerprint": FINGERPRINT,
        }
        self._head = b"data: " + orjson.dumps(self._base)[:-1] + b',"choices":[{"index":0,"delta":'
        self._tail = b',"logprobs":null,"finish_reason":null}]}\n\n'

    def first(self) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        return self._event(choices=[choice], x_groq={"id": self._identity.request_id})

    def content(self, token: str) -> bytes:
        return self._head + b'{"content":' + orjson.dumps(token) + b"}" + self._tail

    def reasoning(self, token: str) -> bytes:
        return self._head + b'{"reasoning":' + orjson.dumps(token) + b',"channel":"analysis"}' + self._tail

    def last(self, finish_reason: str, usage: Usage) -> bytes:
        return self._final(finish_reason, {"usage": usage.wire()})

    def early_stop(self, error: str) -> bytes:
        """The last event of a stream that the vendor gave up: no finish_reason, no usage, an error string."""
        return self._final(None, {"error": error})

    def usage_only(self, usage: Usage) -> bytes:
        """What stream_options.include_usage adds before [DONE]."""
        return self._event(choices=[], usage=usage.wire())

    def _final(self, finish_reason: str | None, extra: dict[str, Any]) -> bytes:
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish_reason}
        return self._event(choices=[choice], x_groq={"id": self._identity.request_id, **extra})

    def _event(self, **fields: object) -> bytes:
        return b"data: " + orjson.dumps({**self._base, **fields}) + b"\n\n"
