"""What was asked of the simulator: counts, and the last requests themselves."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class LoggedCall:
    """outcome: active, finished, cancelled (the client went) or failed (an error answer or a fault)."""

    model: str
    stream: bool
    request: dict[str, Any]
    request_id: str
    fault: str | None = None
    outcome: str = "active"
    tokens: dict[str, int] = field(default_factory=dict)


class CallLog:
    """started = active + finished + cancelled + failed, at any moment. Requests are kept only where a test asks."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Calls still running no longer count."""
        self._by_model: dict[str, Counter[str]] = {}
        self._tokens: Counter[str] = Counter()
        self._epoch = object()
        self.keep(0)

    def keep(self, count: int) -> None:
        """From now on the last requests are kept, this many of them (they hold what users typed)."""
        self._requests: deque[LoggedCall] = deque(maxlen=count)

    def start(self, call: LoggedCall) -> object:
        """Returns the epoch to end the call with."""
        self._counts(call.model)["started"] += 1
        self._requests.append(call)
        return self._epoch

    def end(self, call: LoggedCall, epoch: object, outcome: str, tokens: dict[str, int] | None = None) -> None:
        call.outcome = outcome
        call.tokens = tokens or {}
        if epoch is self._epoch:
            self._counts(call.model)[outcome] += 1
            self._tokens.update(call.tokens)

    def _counts(self, model: str) -> Counter[str]:
        counts = self._by_model.get(model)
        if counts is None:
            counts = self._by_model[model] = Counter()
        return counts

    def summary(self) -> dict[str, Any]:
        """JSON of GET /simulator/calls."""
        models = {model: _totals(counts) for model, counts in self._by_model.items()}
        total = _totals(sum(self._by_model.values(), Counter()))
        tokens = {kind: self._tokens[kind] for kind in ("prompt", "cached_prompt", "completion", "reasoning")}
        return {**total, "by_model": models, "tokens": tokens}

    def requests(self) -> list[dict[str, Any]]:
        """JSON of GET /simulator/requests, oldest first."""
        return [
            {
                "model": call.model,
                "stream": call.stream,
                "request": call.request,
                "request_id": call.request_id,
                "fault": call.fault,
                "outcome": call.outcome,
                "tokens": call.tokens,
            }
            for call in self._requests
        ]


def _totals(counts: Counter[str]) -> dict[str, int]:
    ended = {outcome: counts[outcome] for outcome in ("finished", "cancelled", "failed")}
    return {"started": counts["started"], "active": counts["started"] - sum(ended.values()), **ended}
