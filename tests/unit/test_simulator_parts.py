"""The simulator's parts: answers, tokens, prompt cache, limits and faults."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.models import ModelCatalogue
from backend.simulator.answers import NOTICE, Answer, compose_answer
from backend.simulator.call_log import CallLog, LoggedCall
from backend.simulator.chat_request import read_call
from backend.simulator.failures import ApiFailure
from backend.simulator.faults import Fault, FaultPlan, ProgrammedFault, parse_fault
from backend.simulator.prompt_cache import BLOCK_BYTES, BLOCK_TOKENS, PromptCache
from backend.simulator.rate_limits import RateLimits, format_duration
from backend.simulator.tokens import split_tokens

CATALOGUE = ModelCatalogue()
MODEL = "openai/gpt-oss-20b"
MESSAGES = [{"role": "user", "content": "hello"}]


def answer(question: str, system: str = "", history: tuple[str, ...] = (), effort: str | None = "medium") -> Answer:
    prompt = f"{system}{history}{question}".encode()
    return compose_answer(MODEL, prompt, system, question, history, effort)


@given(st.text())
def test_tokens_join_to_the_text_again(text: str) -> None:
    assert "".join(split_tokens(text)) == text


class TestAnswers:
    @given(st.text(max_size=400))
    def test_are_marked_as_simulated_deterministic_and_of_a_useful_length(self, question: str) -> None:
        first = answer(question)
        assert first == answer(question)
        assert "".join(first.content).startswith(NOTICE)
        assert 30 <= len(first.content) <= 260

    def test_depend_on_the_prompt(self) -> None:
        texts = {"".join(answer(f"Tell me about subject {letter * 6}").content) for letter in string.ascii_lowercase}
        assert len(texts) == 26
        assert len({len(split_tokens(text)) for text in texts}) > 5

    def test_speak_as_the_agent_about_the_question(self) -> None:
        text = "".join(answer("Which palette suits a clinic?", "You are Luna, a UX/UI designer. You ...").content)
        assert "**Luna** (UX/UI designer)" in text
        assert "palette" in text

    def test_show_code_where_code_was_asked_for_and_remember_what_came_before(self) -> None:
        text = "".join(answer("Write a Python function", history=("What is a monad?",)).content)
        assert "```python" in text
        assert "What is a monad?" in text

    def test_reason_as_much_as_the_effort_says(self) -> None:
        lengths = [len(answer("Why?", effort=effort).reasoning) for effort in (None, "low", "medium", "high")]
        assert lengths == sorted(lengths)
        assert lengths[0] == 0
        assert lengths[1] > 0


class TestPromptCache:
    def test_counts_the_unbroken_prefix_in_whole_blocks(self) -> None:
        cache = PromptCache()
        prompt = random.Random(1).randbytes(BLOCK_BYTES * 4 + 17)
        assert cache.visit(b"key", MODEL, prompt) == 0
        assert cache.visit(b"key", MODEL, prompt) == BLOCK_TOKENS * 4
        assert cache.visit(b"key", MODEL, prompt + b"more") == BLOCK_TOKENS * 4
        changed = bytearray(prompt)
        changed[BLOCK_BYTES * 2] ^= 1
        assert cache.visit(b"key", MODEL, bytes(changed)) == BLOCK_TOKENS * 2

    def test_is_kept_apart_by_owner_and_model(self) -> None:
        cache = PromptCache()
        prompt = b"x" * BLOCK_BYTES
        cache.visit(b"key", MODEL, prompt)
        assert cache.visit(b"other", MODEL, prompt) == 0
        assert cache.visit(b"key", "other", prompt) == 0

    def test_forgets_the_least_recently_used(self) -> None:
        cache = PromptCache(capacity=2)
        for number in range(3):
            cache.visit(b"key", MODEL, bytes([number]) * BLOCK_BYTES)
        assert len(cache) == 2
        assert cache.visit(b"key", MODEL, bytes([0]) * BLOCK_BYTES) == 0


class TestRateLimits:
    def test_remaining_falls_and_recovers(self) -> None:
        now = [0.0]
        limits = RateLimits(1_000, 600, enforce=False, clock=lambda: now[0])
        assert limits.admit(MODEL, 100)["x-ratelimit-remaining-tokens"] == "500"
        now[0] = 5.0
        headers = limits.admit(MODEL, 0)
        assert headers["x-ratelimit-remaining-tokens"] == "550"
        assert headers["x-ratelimit-reset-tokens"] == "5s"
        assert headers["x-ratelimit-limit-requests"] == "1000"

    def test_refuse_only_when_enforced_and_say_when_to_come_back(self) -> None:
        now = [0.0]
        RateLimits(1_000, 600, enforce=False, clock=lambda: now[0]).admit(MODEL, 6_000)
        limits = RateLimits(1_000, 600, enforce=True, clock=lambda: now[0])
        limits.admit(MODEL, 600)
        with pytest.raises(ApiFailure) as caught:
            limits.admit(MODEL, 100)
        assert (caught.value.status, caught.value.headers["retry-after"]) == (429, "10")
        now[0] = 10.0
        assert limits.admit(MODEL, 100)

    def test_a_message_larger_than_the_limit_will_never_fit(self) -> None:
        limits = RateLimits(1_000, 600, enforce=True, clock=lambda: 0.0)
        with pytest.raises(ApiFailure) as caught:
            limits.admit(MODEL, 601)
        assert (caught.value.status, caught.value.code) == (413, "rate_limit_exceeded")
        assert "reduce your message size" in caught.value.message

    @pytest.mark.parametrize(("seconds", "text"), [(0.12, "120ms"), (7.66, "7.66s"), (179.56, "2m59.56s")])
    def test_durations_are_written_as_the_vendor_does(self, seconds: float, text: str) -> None:
        assert format_duration(seconds) == text


class TestFaults:
    def test_are_read_with_parameters(self) -> None:
        assert parse_fault("cut; after=5") == Fault("cut", after=5)
        assert parse_fault("429;retry_after=0.5").retry_after == 0.5

    @pytest.mark.parametrize(
        "text", ["", "nonsense", "cut;afterwards=1", "cut;after=-1", "cut;after=x", "429;seconds=nan"]
    )
    def test_are_refused_when_unknown(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"fault|parameter|convert"):
            parse_fault(text)

    def test_strike_by_model_question_system_and_count(self) -> None:
        plan = FaultPlan()
        plan.add(ProgrammedFault(Fault("500"), model=MODEL, contains="list", system_contains="Dev", count=2))
        assert plan.strike("other", "a list", "You are Dev") is None
        assert plan.strike(MODEL, "a tree", "You are Dev") is None
        assert plan.strike(MODEL, "a list", "You are Luna") is None
        struck = [plan.strike(MODEL, "a list", "You are Dev") for _ in range(3)]
        assert struck == [Fault("500"), Fault("500"), None]

    @pytest.mark.parametrize(("rate", "expected"), [(1.0, 100), (0.25, 25), (0.0, 0)])
    def test_of_a_run_strike_evenly(self, rate: float, expected: int) -> None:
        plan = FaultPlan(Fault("503"), rate)
        struck = [plan.strike(MODEL, "", "") is not None for _ in range(100)]
        assert sum(struck) == expected
        assert sum(struck[:4]) == expected * 4 // 100


class TestRequests:
    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"model": "mixtral-8x7b-32768"}, 400, "model_decommissioned"),
            ({"model": "llama-3.1-8b-instant"}, 400, "model_decommissioned"),
            ({"model": "no/such"}, 404, "model_not_found"),
            ({"model": None}, 400, None),
            ({"messages": []}, 400, None),
            ({"messages": [{"role": "wizard", "content": "x"}]}, 400, None),
            ({"messages": [{"role": "user", "content": 5}]}, 400, None),
            ({"messages": [{"role": "user", "content": "x" * 600_000}]}, 400, "context_length_exceeded"),
            ({"temperature": 3}, 400, None),
            ({"temperature": True}, 400, None),
            ({"max_tokens": 0}, 400, None),
            ({"max_completion_tokens": 70_000}, 400, None),
            ({"reasoning_effort": "extreme"}, 400, None),
            ({"reasoning_effort": "none"}, 400, None),
            ({"model": "qwen/qwen3.6-27b", "reasoning_effort": "low"}, 400, None),
            ({"stream": "yes"}, 400, None),
            ({"n": 2}, 400, None),
            ({"colour": "red"}, 400, None),
        ],
    )
    def test_that_are_wrong(self, fields: dict[str, object], status: int, code: str | None) -> None:
        with pytest.raises(ApiFailure) as caught:
            read_call({"model": MODEL, "messages": MESSAGES, **fields}, CATALOGUE)
        assert (caught.value.status, caught.value.code) == (status, code)

    def test_that_are_right(self) -> None:
        parts = [{"type": "text", "text": "from parts"}]
        messages = [{"role": "system", "content": "You are Dev."}, *MESSAGES, {"role": "user", "content": parts}]
        call = read_call({"model": MODEL, "messages": messages, "reasoning_effort": "low", "max_tokens": 7}, CATALOGUE)
        assert (call.system, call.question, call.history) == ("You are Dev.", "from parts", ("hello",))
        assert (call.effort, call.max_tokens, call.stream) == ("low", 7, False)
        assert call.prompt_tokens == -(-len(call.prompt) // 4)


def test_calls_of_before_a_reset_no_longer_count() -> None:
    log = CallLog()
    old, new = LoggedCall(MODEL, False, {}, ""), LoggedCall(MODEL, False, {}, "")
    epoch = log.start(old)
    log.clear()
    log.end(new, log.start(new), "finished", {"prompt": 3})
    log.end(old, epoch, "cancelled")
    summary = log.summary()
    assert (summary["started"], summary["finished"], summary["cancelled"], summary["active"]) == (1, 1, 0, 0)
    assert summary["tokens"]["prompt"] == 3
