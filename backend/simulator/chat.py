"""POST /openai/v1/chat/completions: what is checked, decided and counted before the answer goes out (see run.py)."""

import asyncio
import itertools
import time
from collections.abc import Callable
from hashlib import blake2b

from cachetools import LRUCache

from backend.domain.models import ModelCatalogue
from backend.simulator.answers import Answer, compose_answer
from backend.simulator.call_log import CallLog, LoggedCall
from backend.simulator.chat_request import ChatCall, read_call, read_fields
from backend.simulator.connection import Connection, HttpRequest
from backend.simulator.failures import ApiFailure, body_too_large, invalid_key, invalid_request
from backend.simulator.faults import Fault, FaultPlan, parse_fault
from backend.simulator.gate import Gate
from backend.simulator.options import Options
from backend.simulator.pacing import Pacer
from backend.simulator.prompt_cache import PromptCache
from backend.simulator.rate_limits import RateLimits
from backend.simulator.run import JSON_TYPE, Run
from backend.simulator.wire import Identity

REMEMBERED_ANSWERS = 4_096


def authorized(request: HttpRequest) -> str:
    """The API key: any but an empty one or one that begins with "invalid". Raises ApiFailure 401."""
    scheme, _, key = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer" or not key.strip() or key.startswith("invalid"):
        raise invalid_key()
    return key.strip()


class ChatEndpoint:
    """Everything that chat completions share: faults, gate, log, limits, prompt cache and remembered answers."""

    def __init__(
        self,
        options: Options,
        catalogue: ModelCatalogue,
        faults: FaultPlan,
        gate: Gate,
        calls: CallLog,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._catalogue = catalogue
        self._faults = faults
        self._gate = gate
        self._calls = calls
        self._clock = clock
        self.prompts = PromptCache()
        self.limits = RateLimits(
            options.requests_per_day, options.tokens_per_minute, enforce=options.enforce_limits, clock=clock
        )
        self._answers: LRUCache[bytes, Answer] = LRUCache(REMEMBERED_ANSWERS)
        self._numbers = itertools.count(1)
        self._pacer = Pacer(clock) if options.stamped_tokens else None

    def respond(self, request: HttpRequest, reply: Connection) -> None:
        """Answers at once, or starts a task of the connection where the answer takes time."""
        logged = LoggedCall("unknown", False, {}, request.header("x-request-id"))
        epoch: object = None
        try:
            key = self._admit(request)
            logged.request = read_fields(request.body)
            logged.model = self._known(logged.request.get("model"))
            epoch = self._calls.start(logged)
            run = self._prepare(request, reply, key, logged)
        except ApiFailure as failure:
            epoch = epoch or self._calls.start(logged)
            self._calls.end(logged, epoch, "failed")
            reply.send(failure.status, {"content-type": JSON_TYPE, **failure.headers}, failure.body())
            return
        self._answer(run, logged, epoch)

    def _known(self, model: object) -> str:
        return model if isinstance(model, str) and self._catalogue.get(model) else "unknown"

    def _admit(self, request: HttpRequest) -> str:
        if request.oversized:
            raise body_too_large()
        return authorized(request)

    def _prepare(self, request: HttpRequest, reply: Connection, key: str, logged: LoggedCall) -> Run:
        call = read_call(logged.request, self._catalogue)
        logged.stream = call.stream
        fault = self._fault(request, call)
        logged.fault = fault.name if fault else None
        if fault and (failure := fault.failure(call.model.id)):
            raise failure
        answer = self._answer_of(call)
        reasoning = answer.reasoning[: call.max_tokens]
        content = answer.content[: call.max_tokens - len(reasoning)]
        whole = len(reasoning) + len(content) == len(answer.reasoning) + len(answer.content)
        number = next(self._numbers)
        cached, limits = self._account(key, call, len(reasoning) + len(content))
        slow = fault.name if fault else ""
        return Run(
            call,
            reply,
            Identity(number, call.model.id, int(time.time())),
            fault,
            cached,
            reasoning,
            content,
            "stop" if whole else "length",
            {**limits, "x-request-id": f"req_simulated{number:012d}"},
            self._clock,
            fault.seconds if fault and slow == "slow-first-token" else self._options.ttft,
            fault.rate if fault and slow == "slow-tokens" else self._options.tokens_per_second,
            self._pacer,
        )

    def _fault(self, request: HttpRequest, call: ChatCall) -> Fault | None:
        if asked := request.header("x-simulator-fault"):
            try:
                return parse_fault(asked)
            except ValueError as error:
                raise invalid_request(str(error)) from error
        return self._faults.strike(call.model.id, call.question, call.system)

    def _answer_of(self, call: ChatCall) -> Answer:
        if self._options.stamped_tokens:
            return Answer((), ("token",) * self._options.stamped_tokens)
        key = blake2b(f"{call.model.id}\0{call.effort}\0".encode() + call.prompt, digest_size=16).digest()
        key = key[:1] if self._options.fast else key
        answer = self._answers.get(key)
        if answer is None:
            answer = compose_answer(call.model.id, call.prompt, call.system, call.question, call.history, call.effort)
            self._answers[key] = answer
        return answer

    def _account(self, key: str, call: ChatCall, completion_tokens: int) -> tuple[int, dict[str, str]]:
        """Cached tokens and the rate-limit headers; cached tokens are exempt from the limits."""
        if self._options.fast:
            return 0, {}
        cached = self.prompts.visit(key.encode(), call.model.id, call.prompt)
        return cached, self.limits.admit(call.model.id, call.prompt_tokens - cached + completion_tokens)

    def _answer(self, run: Run, logged: LoggedCall, epoch: object) -> None:
        if run.immediate and not self._gate.holds(run.call.question):
            run.answer_at_once()
            self._calls.end(logged, epoch, "finished", run.usage().tokens())
            return

        def ended(task: asyncio.Task[bool]) -> None:
            finished = not task.cancelled() and task.exception() is None and task.result()
            outcome = "cancelled" if task.cancelled() else "finished" if finished else "failed"
            self._calls.end(logged, epoch, outcome, run.usage().tokens() if finished else None)

        run.reply.run(run.answer(self._gate), ended)
