"""The chat-completions JSON and the vendor's errors, read with distrust."""

import pytest

from backend.domain.usage import TokenUsage
from backend.errors import AetherError, ModelUnavailable, UpstreamError
from backend.services.llm.endpoint import RefusedEndpoint, resolve_endpoint
from backend.services.llm.failures import from_status, read_retry_after
from backend.services.llm.payloads import read_chunk, read_completion, read_models, write_request
from backend.services.llm.provider import ChatMessage, ChatRequest

REQUEST = ChatRequest("m", (ChatMessage("user", "hello"),), temperature=0.5, max_tokens=9, deadline=0.0)


def test_max_tokens_has_the_name_that_the_server_knows() -> None:
    assert write_request(REQUEST)["max_completion_tokens"] == 9
    assert write_request(REQUEST, groq=False)["max_tokens"] == 9
    assert "reasoning_effort" not in write_request(REQUEST)


def test_usage_parts_never_exceed_their_whole() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 50},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    assert read_chunk({"choices": [], "usage": usage}).usage == TokenUsage(5, 5, 3, 3)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_is_read_by_either_name(field: str) -> None:
    message = {"content": "a", field: "because"}
    payload = {"choices": [{"message": message, "finish_reason": "stop"}]}
    assert read_completion(payload, "m").reasoning == "because"


def test_usage_may_come_in_the_vendors_own_place_or_not_at_all() -> None:
    groq = {"choices": [], "x_groq": {"id": "r", "usage": {"prompt_tokens": 1, "completion_tokens": 2}}}
    assert read_chunk(groq).usage == TokenUsage(1, 0, 2, 0)
    assert read_chunk({"choices": [{"delta": {"content": "x"}}]}).usage is None


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "text",
        {},
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": 5}}]},
        {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": 1}},
        {"choices": [], "x_groq": "text"},
    ],
)
def test_anything_else_is_an_upstream_error(payload: object) -> None:
    for read in (read_chunk, read_models, lambda body: read_completion(body, "m")):
        with pytest.raises(UpstreamError):
            read(payload)


def test_an_error_event_carries_its_status() -> None:
    with pytest.raises(UpstreamError) as caught:
        read_chunk({"error": {"message": "slow down", "status_code": 429}})
    assert caught.value.upstream_status == 429
    with pytest.raises(UpstreamError):
        read_chunk({"choices": [{"delta": {}}], "x_groq": {"id": "r", "error": "over_capacity"}})


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(s, False) for s in (301, 400, 401, 403, 404, 413, 422)]
    + [(s, True) for s in (408, 409, 429, 498, 500, 502, 503)],
)
def test_which_statuses_are_worth_another_attempt(status: int, retryable: bool) -> None:
    error = from_status(status, {"error": {"message": "no", "code": "any"}})
    assert isinstance(error, UpstreamError)
    assert (error.retryable, error.upstream_status) == (retryable, status)


def test_a_message_that_is_too_large_looks_like_a_rate_limit_and_is_none() -> None:
    body = {"error": {"code": "rate_limit_exceeded", "message": "Please reduce your message size and try again."}}
    error = from_status(429, body)
    assert isinstance(error, UpstreamError)
    assert not error.retryable


@pytest.mark.parametrize(("status", "code"), [(400, "model_decommissioned"), (404, "model_not_found")])
def test_a_model_that_is_gone_lets_another_one_answer(status: int, code: str) -> None:
    assert isinstance(from_status(status, {"error": {"code": code}}), ModelUnavailable)


@pytest.mark.parametrize("body", [None, "text", [1], {"error": "text"}, {"error": None}, {}])
def test_a_body_of_any_shape_is_no_obstacle_to_the_status(body: object) -> None:
    assert isinstance(from_status(500, body), AetherError)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("0", 0.0), ("-1", None), ("nan", None), ("inf", None), ("soon", None), ("", None)],
)
def test_retry_after_is_a_number_of_seconds_or_nothing(value: str, seconds: float | None) -> None:
    assert read_retry_after(value) == seconds


@pytest.mark.parametrize(
    ("url", "base", "groq"),
    [
        ("", "https://api.groq.com/openai/v1", True),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/openai/v1", True),
        ("http://127.0.0.1:8001/openai/v1/", "http://127.0.0.1:8001/openai/v1", True),
        ("http://localhost:11434/v1", "http://localhost:11434/v1", False),
    ],
)
def test_base_urls(url: str, base: str, groq: bool) -> None:
    endpoint = resolve_endpoint(url, "key")
    assert (endpoint.base, endpoint.groq) == (base, groq)


@pytest.mark.parametrize("url", ["ftp://localhost", "localhost:8000", "http://"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(RefusedEndpoint):
        resolve_endpoint(url, "key")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:9", "http://localhost/v1"])
def test_loopback_is_allowed_in_tests(url: str) -> None:
    assert resolve_endpoint(url, "key", loopback_only=True)
