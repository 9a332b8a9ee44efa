"""How hard a message is, and which tier of model that asks for. Pure arithmetic on text, far below a millisecond.

The weights are a hand-made prior; score and reasons are on every receipt so that anyone can judge them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.models import Tier

THRESHOLD = 0.5
PRIORITY_SHIFT = {"normal": 0.0, "high": 0.15, "premium": 0.3}
SCANNED_CHARACTERS = 8_000

SIGNALS: tuple[tuple[str, float, re.Pattern[str]], ...] = (
    (
        "asks for reasoning",
        0.45,
        re.compile(
            r"\b(why|prove|proof|derive|explain (?:how|why)|step by step|reason|analy[sz]e|compare|contrast"
            r"|trade-?offs?|evaluate|critique|optimi[sz]e|dlaczego|udowodnij|przeanalizuj|porównaj)\b",
            re.I,
        ),
    ),
    (
        "asks for a design",
        0.5,
        re.compile(
            r"\b(architect\w*|design (?:a|an|the)|scal(?:e|able|ability)|distributed|migrat\w+|concurren\w+)\b",
            re.I,
        ),
    ),
    (
        "contains mathematics",
        0.42,
        re.compile(r"[=<>≤≥]\s*\d|\d\s*[-+*/^]\s*\d|\\frac|\b(integral|probability|equation|theorem)\b", re.I),
    ),
    (
        "contains code",
        0.32,
        re.compile(r"```|\bdef \w+\(|\bclass \w+|\bfunction\b|Traceback|#include|\bSELECT\b", re.I),
    ),
    ("names several requirements", 0.35, re.compile(r"(?:^|\n)\s*(?:[-*•]|\d+[.)])\s+\S", re.M)),
    ("asks several questions", 0.2, re.compile(r"\?.*\?", re.S)),
    (
        "sets constraints",
        0.2,
        re.compile(r"\b(must|at least|at most|without|only|exactly|constraint|require\w*|musi|dokładnie)\b", re.I),
    ),
)
SIMPLE = re.compile(r"^\s*(hi|hello|hey|thanks?|thank you|ok(?:ay)?|cześć|hej|dzięki|yes|no|tak|nie)\b[\s!.?]*$", re.I)


@dataclass(frozen=True, slots=True)
class Complexity:
    """score 0..1; reasons in people's words, the weightiest first."""

    score: float
    tier: Tier
    reasons: tuple[str, ...]


def score_complexity(
    message: str, context: Sequence[str] = (), *, preferred: Tier = "small", priority: str = "normal"
) -> Complexity:
    """Complexity of a message in its context, and the tier that is good enough for it."""
    if SIMPLE.match(message):
        return Complexity(0.0, "small", ("a greeting or a single word",))
    text = message[:SCANNED_CHARACTERS]
    parts = [(weight, name) for name, weight, pattern in SIGNALS if pattern.search(text)]
    words = len(text.split())
    length = min(words / 250, 1.0) * 0.7
    if length >= 0.1:
        parts.append((length, f"{words} words long"))
    if history := min(sum(map(len, context)) / 20_000, 1.0) * 0.3:
        parts.append((history, "a conversation behind it"))
    if preferred == "large":
        parts.append((0.3, "the agent works on hard problems"))
    score = min(sum(weight for weight, _ in parts), 1.0)
    threshold = THRESHOLD - PRIORITY_SHIFT[priority]
    tier: Tier = "large" if score >= threshold else "small"
    reasons = [name for _, name in sorted(parts, reverse=True)] or ["short and plain"]
    if priority != "normal" and score >= threshold and score < THRESHOLD:
        reasons.insert(0, f"{priority} priority")
    return Complexity(round(score, 3), tier, tuple(reasons))


def reasoning_effort(score: float, accepted: Sequence[str]) -> str | None:
    """The vendor's reasoning_effort for a complexity, None where the model takes none."""
    if not accepted:
        return None
    return "low" if score < 0.25 else "medium" if score < 0.6 else "high"
