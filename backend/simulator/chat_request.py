"""The body of a chat completion: read, checked as the vendor checks it, and rendered into the prompt."""

from dataclasses import dataclass
from typing import Any

import orjson

from backend.domain.models import Model, ModelCatalogue
from backend.simulator.failures import ApiFailure, context_exceeded, decommissioned, invalid_request, unknown_model
from backend.simulator.tokens import count_prompt_tokens

ROLES = ("system", "developer", "user", "assistant", "tool")
DEFAULT_EFFORT = "medium"
QWEN_EFFORTS = ("none", "default")
DEFAULT_MAX_TOKENS = 4_096
SUPPORTED = frozenset(
    [
        "model",
        "messages",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "reasoning_effort",
        "reasoning_format",
        "include_reasoning",
        "service_tier",
        "seed",
        "stop",
        "user",
        "n",
        "frequency_penalty",
        "presence_penalty",
        "logprobs",
        "response_format",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "metadata",
        "store",
    ]
)


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A valid request. effort None: the model does not reason. history: earlier user messages, oldest first."""

    model: Model
    prompt: bytes
    prompt_tokens: int
    system: str
    question: str
    history: tuple[str, ...]
    stream: bool
    include_usage: bool
    max_tokens: int
    effort: str | None
    fields: dict[str, Any]


def read_fields(body: bytes) -> dict[str, Any]:
    """The JSON object of the body. Raises ApiFailure 400."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid_request("The request body is not valid JSON.") from error
    if not isinstance(fields, dict):
        raise invalid_request("The request body must be a JSON object.")
    return fields


def read_call(fields: dict[str, Any], catalogue: ModelCatalogue) -> ChatCall:
    """Raises ApiFailure: 400 for what is wrong in the request, 404 for an unknown or retired model."""
    if unknown := sorted(set(fields) - SUPPORTED):
        raise invalid_request(f"property '{unknown[0]}' is unsupported")
    model = _model(fields.get("model"), catalogue)
    messages = _messages(fields.get("messages"))
    prompt = "".join(f"{role}\x02{content}\x03" for role, content in messages).encode()
    prompt_tokens = count_prompt_tokens(prompt)
    max_tokens = _max_tokens(fields, model)
    _check_numbers(fields)
    if prompt_tokens > model.context:
        raise context_exceeded()
    asked = [content for role, content in messages if role == "user"]
    return ChatCall(
        model,
        prompt,
        prompt_tokens,
        next((content for role, content in messages if role in ("system", "developer")), ""),
        asked[-1] if asked else "",
        tuple(asked[:-1]),
        _flag(fields, "stream"),
        isinstance(options := fields.get("stream_options"), dict) and options.get("include_usage") is True,
        min(max_tokens, model.context - prompt_tokens),
        _effort(fields.get("reasoning_effort"), model),
        fields,
    )


def _model(name: object, catalogue: ModelCatalogue) -> Model:
    if not isinstance(name, str) or not name:
        raise invalid_request("'model' : property 'model' is missing")
    model = catalogue.get(name)
    if model is None:
        raise unknown_model(name)
    if model.status == "retired":
        raise decommissioned(name)
    return model


def _messages(value: object) -> list[tuple[str, str]]:
    if not isinstance(value, list) or not value:
        raise invalid_request("'messages' : minimum number of items is 1")
    return [_message(index, item) for index, item in enumerate(value)]


def _message(index: int, item: object) -> tuple[str, str]:
    if not isinstance(item, dict) or item.get("role") not in ROLES:
        raise invalid_request(f"'messages.{index}' : discriminator property 'role' has invalid value")
    content = item.get("content")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "\n".join(texts) if len(texts) == len(parts) else None
    if not isinstance(content, str):
        raise invalid_request(f"'messages.{index}.content' : value must be a string")
    return item["role"], content


def _max_tokens(fields: dict[str, Any], model: Model) -> int:
    value = fields.get("max_completion_tokens")
    value = fields.get("max_tokens") if value is None else value
    if value is None:
        return min(DEFAULT_MAX_TOKENS, model.max_output)
    if type(value) is not int or value < 1:
        raise invalid_request("'max_completion_tokens' : must be a positive integer")
    if value > model.max_output:
        raise invalid_request(f"`max_tokens` must be less than or equal to `{model.max_output}`")
    return value


def _check_numbers(fields: dict[str, Any]) -> None:
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1)):
        value = fields.get(name)
        if value is not None and (type(value) not in (int, float) or not low <= value <= high):
            raise invalid_request(f"'{name}' : number must be between {low} and {high}")
    if fields.get("n") not in (None, 1):
        raise invalid_request("'n' : number must be at most 1")


def _flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value not in (None, True, False):
        raise invalid_request(f"'{name}' : value must be a boolean")
    return value is True


def _effort(value: object, model: Model) -> str | None:
    accepted = model.reasoning_efforts or (QWEN_EFFORTS if model.id.startswith("qwen/") else ())
    if value is None:
        return DEFAULT_EFFORT if model.reasoning_efforts else None
    if not accepted:
        raise invalid_request("`reasoning_effort` is not supported with this model")
    if value not in accepted:
        raise _wrong_effort(accepted)
    return str(value) if model.reasoning_efforts else None


def _wrong_effort(accepted: tuple[str, ...]) -> ApiFailure:
    choices = ", ".join(f"`{effort}`" for effort in accepted)
    return invalid_request(f"`reasoning_effort` must be one of {choices}")
