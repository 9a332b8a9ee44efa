"""What a server said about one answer, read strictly: a receipt that lacks something is an error of the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.domain.usage import parse_usd

Mode = Literal["optimized", "multi-agent", "stream"]
MODES: tuple[Mode, ...] = ("optimized", "multi-agent", "stream")
TEAM_LAYER = "every agent"


class ReceiptError(Exception):
    """An answer that is none; the message says what is wrong and repeats nothing that was asked."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """cost and baseline in pico-dollars, None where the server knows no price.

    layer: the cache layer that answered, None where a model did. models: of every call, the synthesis included.
    """

    conversation_id: str
    agents: tuple[str, ...]
    models: tuple[str, ...]
    tokens: int
    cost: int | None
    baseline: int | None
    layer: str | None


def read_receipt(mode: Mode, body: Mapping[str, Any]) -> Receipt:
    """body: the answer of chat/optimized or chat/multi-agent, or a stream's done event. Raises ReceiptError."""
    try:
        return _team(body) if mode == "multi-agent" else _single(body)
    except (KeyError, TypeError, ValueError) as error:
        raise ReceiptError(f"the receipt cannot be read: {type(error).__name__} {error}") from error


def _single(body: Mapping[str, Any]) -> Receipt:
    return Receipt(
        conversation_id=body["conversation_id"],
        agents=(body["agent"]["id"],),
        models=(body["model_used"],),
        tokens=body["tokens_used"],
        cost=_pico(body["cost"]),
        baseline=_pico(body["baseline_cost"]),
        layer=body["cache"]["layer"] if body["cached"] else None,
    )


def _team(body: Mapping[str, Any]) -> Receipt:
    responses = body["individual_responses"]
    if missing := [f"{row['agent_type']} {row['status']}" for row in responses if row["status"] != "ok"]:
        raise ReceiptError(f"not every agent answered: {', '.join(missing)}")
    synthesis = (body["synthesis_model"],) if body["synthesis_model"] else ()
    return Receipt(
        conversation_id=body["conversation_id"],
        agents=tuple(body["agents_used"]),
        models=(*(row["model_used"] for row in responses), *synthesis),
        tokens=body["total_tokens"],
        cost=_pico(body["total_cost"]),
        baseline=_pico(body["baseline_cost"]),
        layer=TEAM_LAYER if body["cached"] else None,
    )


def _pico(amount: str | None) -> int | None:
    return None if amount is None else parse_usd(amount)
