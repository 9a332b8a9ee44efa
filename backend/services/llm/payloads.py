"""The chat-completions JSON: requests written, answers and chunks read. Shared by every transport that speaks it."""

from collections.abc import Mapping
from typing import Any, cast

from backend.domain.reconciliation import VendorReport, read_cost
from backend.domain.usage import TokenUsage
from backend.services.llm.failures import from_stream_error, malformed
from backend.services.llm.provider import ChatRequest, Chunk, Completion, FinishReason

FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
SHAPE_ERRORS = (KeyError, IndexError, TypeError, AttributeError, ValueError)


def write_request(request: ChatRequest, *, groq: bool = True) -> dict[str, Any]:
    """The body without `stream`. groq False: the older name of max_tokens that every compatible server knows."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "temperature": request.temperature,
        "max_completion_tokens" if groq else "max_tokens": request.max_tokens,
    }
    if request.reasoning_effort is not None:
        body["reasoning_effort"] = request.reasoning_effort
    return body


def read_completion(payload: object, model: str) -> Completion:
    """Raises UpstreamError for a body that is no completion."""
    try:
        fields = cast(Mapping[str, Any], payload)
        choice = fields["choices"][0]
        message = choice["message"]
        return Completion(
            content=_text(message.get("content")),
            finish_reason=_finish_reason(choice["finish_reason"]),
            usage=_usage(fields.get("usage")),
            model=model,
            reasoning=_reasoning(message),
            report=_report(fields.get("usage")),
        )
    except SHAPE_ERRORS as error:
        raise malformed() from error


def read_chunk(payload: object) -> Chunk:
    """Raises UpstreamError for an event that is no chunk, for an error event and for a stream that is given up."""
    try:
        fields = cast(Mapping[str, Any], payload)
        if (error := fields.get("error")) is not None:
            raise from_stream_error(error)
        reported = fields.get("usage")
        if groq := fields.get("x_groq"):
            if groq.get("error") is not None:
                raise from_stream_error(None)
            reported = groq.get("usage") or reported
        usage, report = (_usage(reported), _report(reported)) if reported else (None, None)
        choices = fields["choices"]
        if choices == []:
            return Chunk(usage=usage, report=report)
        choice = choices[0]
        delta = choice["delta"]
        content, reasoning = _text(delta.get("content")), _reasoning(delta)
        if (reason := choice.get("finish_reason")) is None and reported is None:
            return Chunk(content, reasoning)  # as nearly all of them are
        return Chunk(content, reasoning, None if reason is None else _finish_reason(reason), usage=usage, report=report)
    except SHAPE_ERRORS as error:
        raise malformed() from error


def read_models(payload: object) -> list[str]:
    """Ids of the models. Raises UpstreamError for a body that is no list of models."""
    try:
        return [str(row["id"]) for row in cast(Mapping[str, Any], payload)["data"]]
    except SHAPE_ERRORS as error:
        raise malformed() from error


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _reasoning(message: Mapping[str, Any]) -> str:
    """Groq and Ollama say reasoning, vLLM reasoning_content."""
    return _text(message.get("reasoning") or message.get("reasoning_content"))


def _finish_reason(value: object) -> FinishReason:
    return FINISH_REASONS.get(cast(str, value), "stop")


def _usage(value: Mapping[str, Any] | None) -> TokenUsage | None:
    """A part is never larger than its whole, whatever the vendor says: otherwise a cost could be negative."""
    if not value:
        return None
    prompt, completion = int(value["prompt_tokens"]), int(value["completion_tokens"])
    cached, reasoning = _parts(value)
    return TokenUsage(prompt, min(cached, prompt), completion, min(reasoning, completion))


def _parts(usage: Mapping[str, Any]) -> tuple[int, int]:
    """(cached tokens of the prompt, reasoning tokens of the completion) as the vendor wrote them."""
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    return int(cached), int(reasoning)


def _report(value: Mapping[str, Any] | None) -> VendorReport | None:
    if not value:
        return None
    cached, reasoning = _parts(value)
    total, cost = value.get("total_tokens"), value.get("total_cost")
    return VendorReport(
        prompt=int(value["prompt_tokens"]),
        completion=int(value["completion_tokens"]),
        total=total if isinstance(total, int) else None,
        cached_prompt=cached,
        reasoning=reasoning,
        cost=read_cost(value.get("cost") if cost is None else cost),
    )
