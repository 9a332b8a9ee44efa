"""The daily counters: what a turn adds to them, and many turns' additions summed before they are written."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from bson import Int64

from backend.domain.conversations import Turn, TurnOutcome
from backend.domain.usage import UsageRecord
from backend.services.scalable_database import Update

NO_MODEL = "none"
"""The model of a request that none answered, or whose answer is not known."""

MONEY = ("cost", "baseline", "saved_routing", "saved_cache")
Key = tuple[str, str, str, str]
Amounts = dict[str, int | float]


class Counters:
    """Additions by (user, day, model, agent)."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[Key, Amounts] = {}

    def add(self, key: Key, amounts: Mapping[str, int | float], sign: int = 1) -> None:
        row = self._rows.setdefault(key, {})
        for name, amount in amounts.items():
            if amount:
                row[name] = row.get(name, 0) + sign * amount

    def merge(self, other: "Counters") -> None:
        for key, amounts in other._rows.items():
            self.add(key, amounts)

    def updates(self) -> list[Update]:
        """One upsert a row, in one order everywhere, so that two workers meet at their first common row."""
        return [_update(key, amounts) for key, amounts in sorted(self._rows.items()) if amounts]


def _update(key: Key, amounts: Amounts) -> Update:
    user_id, day, model, agent = key
    added = {name: Int64(amount) if name in MONEY else amount for name, amount in amounts.items()}
    where = {"user_id": user_id, "day": day, "model": model, "agent": agent}
    return Update("usage_daily", where, {"$inc": added}, upsert=True)


def utc_day(instant: datetime) -> str:
    return instant.astimezone(UTC).date().isoformat()


def _call_amounts(record: UsageRecord) -> Amounts:
    return {
        "calls": 1,
        "prompt": record.usage.prompt,
        "cached_prompt": record.usage.cached_prompt,
        "completion": record.usage.completion,
        "reasoning": record.usage.reasoning,
        "cost": record.cost or 0,
        "baseline": record.baseline or 0,
        "saved_routing": record.saved or 0,
        "unpriced": int(record.cost is None),
        "estimated": int(record.estimated),
    }


def answering_model(outcome: TurnOutcome) -> str:
    """The model of the synthesis, else of the last call; of a reused answer what its receipt says."""
    for record in reversed(outcome.calls):
        if record.purpose == "synthesis":
            return record.model
    if outcome.calls:
        return outcome.calls[-1].model
    reused = outcome.receipt.get("model_used") or outcome.receipt.get("synthesis_model")
    return str(reused or NO_MODEL)


def _reused_baseline(outcome: TurnOutcome) -> int:
    """The baseline of answers that were reused: the turn's baseline beyond that of its own calls."""
    called = sum(record.baseline or 0 for record in outcome.calls)
    return max(0, (outcome.baseline or 0) - called)


def counters_of(turn: Turn, outcome: TurnOutcome) -> Counters:
    """Calls count on the day and under the agent and model they were made with, the request where it was answered."""
    counters = calls_counters(turn.user_id, outcome.calls)
    key = (turn.user_id, utc_day(outcome.finished_at), answering_model(outcome), turn.agent)
    counters.add(
        key,
        {
            "requests": 1,
            "cached_requests": int(outcome.cached),
            "baseline": _reused_baseline(outcome),
            "saved_routing": outcome.reused.routing,
            "saved_cache": outcome.reused.cache,
            "response_time_s": outcome.response_time_s,
        },
    )
    return counters


def calls_counters(user_id: str, calls: Iterable[UsageRecord]) -> Counters:
    counters = Counters()
    for record in calls:
        counters.add((user_id, utc_day(record.timestamp), record.model, record.agent), _call_amounts(record))
    return counters


def unsettled_counters(user_id: str, agent: str, created_at: datetime, *, sign: int = 1) -> Counters:
    """What the sweep counts for a turn that a crash left open; sign -1 takes it back."""
    counters = Counters()
    key = (user_id, utc_day(created_at), NO_MODEL, agent)
    counters.add(key, {"requests": 1, "calls": 1, "unpriced": 1}, sign)
    return counters
