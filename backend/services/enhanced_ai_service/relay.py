"""One stream that passes on what an identical one produces."""

from datetime import UTC, datetime
from typing import Any

import orjson

from backend.domain.answers.cascade import cascade_of
from backend.domain.usage import TokenUsage, parse_usd
from backend.services.enhanced_ai_service.live import Live
from backend.services.enhanced_ai_service.single import AgentRun
from backend.services.performance_cache import CachedAnswer
from backend.services.stream_log import StreamEvent


class Relay:
    """What has been passed on of another stream."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._content: list[str] = []
        self._reasoning: list[str] = []

    @property
    def begun(self) -> bool:
        return bool(self._content)

    @property
    def content(self) -> str:
        return "".join(self._content)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)

    def take(self, batch: list[StreamEvent]) -> dict[str, Any] | None:
        """Passes tokens on. Returns the receipt that ends a whole answer, after which nothing follows."""
        for event in batch:
            if done := self._take(event):
                return done
        return None

    def _take(self, event: StreamEvent) -> dict[str, Any] | None:
        data: dict[str, Any] = orjson.loads(event.data)
        if event.event == "token":
            content, reasoning = data["content"], data.get("reasoning", "")
            self._content.append(content)
            self._reasoning.append(reasoning)
            self._live.token(content, reasoning)
        whole = event.event == "done" and data["finish_reason"] != "cancelled"
        return data if whole else None


def shared_answer(run: AgentRun, relay: Relay, receipt: dict[str, Any]) -> CachedAnswer:
    """The answer of the stream that led. Its cost is the leader's; here it only tells what sharing saved."""
    tokens = receipt["tokens"]
    return CachedAnswer(
        user_id=run.ask.user_id,
        content=relay.content,
        reasoning=relay.reasoning,
        finish_reason=receipt["finish_reason"],
        agent=run.plan.agent.id,
        model=receipt["model_used"],
        usage=TokenUsage(tokens["prompt"], tokens["cached_prompt"], tokens["completion"], tokens["reasoning"]),
        cost=_pico(receipt["cost"]),
        baseline=_pico(receipt["baseline_cost"]),
        created_at=datetime.now(UTC),
        cascade=cascade_of(receipt.get("cascade")),
    )


def _pico(amount: str | None) -> int | None:
    return None if amount is None else parse_usd(amount)
