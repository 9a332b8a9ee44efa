"""How hard a message is, and which tier of model that asks for. Pure arithmetic on text, far below a millisecond.

The weights are a hand-made prior; score and reasons are on every receipt so that anyone can judge them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.models import Tier
from backend.domain.vocabulary import compile_terms

THRESHOLD = 0.5
PRIORITY_SHIFT = {"normal": 0.0, "high": 0.15, "premium": 0.3}
SCANNED_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Signal:
    """A reason for complexity and its weight.

    words: comma-separated; one that ends in * stands for all words that begin so. marks: what else shows it, each a
    text that has to be there and the pattern that then decides. Both see the message in lower case.
    """

    reason: str
    weight: float
    words: str = ""
    marks: tuple[tuple[str, re.Pattern[str] | None], ...] = ()


SIGNALS: tuple[Signal, ...] = (
    Signal(
        "asks for reasoning",
        0.45,
        "why, prove, proof, derive, explain how, explain why, step by step, reason, analyse, analyze, compare, "
        "contrast, trade-off, trade-offs, tradeoff, tradeoffs, evaluate, critique, optimise, optimize, dlaczego, "
        "udowodnij, przeanalizuj, porównaj",
    ),
    Signal(
        "asks for a design",
        0.5,
        "architect*, design a, design an, design the, scale, scalable, scalability, distributed, migrat*, concurren*",
    ),
    Signal(
        "contains mathematics",
        0.42,
        "integral, probability, equation, theorem",
        (("", re.compile(r"[=<>≤≥]\s*\d")), ("", re.compile(r"\d\s*[-+*/^]\s*\d")), ("\\frac", None)),
    ),
    Signal(
        "contains code",
        0.32,
        "function",
        (
            ("```", None),
            ("traceback", None),
            ("#include", None),
            ("def ", re.compile(r"\bdef \w+\(")),
            ("class ", re.compile(r"\bclass \w+[:({]")),
            ("select ", re.compile(r"\bselect [^;]{1,200}\bfrom \w")),
        ),
    ),
    Signal(
        "names several requirements",
        0.35,
        marks=(("", re.compile(r"^[^\S\n]*(?:[-*•]|\d+[.)])[^\S\n]+\S", re.M)),),
    ),
    Signal("asks several questions", 0.2, marks=(("?", re.compile(r"\?[^?]*\?")),)),
    Signal(
        "sets constraints",
        0.2,
        "must, at least, at most, without, only, exactly, constraint, require*, musi, dokładnie",
    ),
)
SIGNAL_OF = {word.rstrip("*"): signal for signal in SIGNALS for word in signal.words.split(", ") if word}
WORDS = compile_terms(
    {
        word.rstrip("*"): "" if word.endswith("*") else r"(?!\w)"
        for signal in SIGNALS
        for word in signal.words.split(", ")
        if word
    }
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
    text = message[:SCANNED_CHARACTERS].lower()
    parts = [(signal.weight, signal.reason) for signal in _signals(text)]
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
    return Complexity(round(float(score), 3), tier, tuple(reasons))


def _signals(text: str) -> list[Signal]:
    """The signals that a text in lower case shows."""
    spoken = {SIGNAL_OF[match[1]].reason for match in WORDS.finditer(text)}
    return [signal for signal in SIGNALS if signal.reason in spoken or _marked(signal, text)]


def _marked(signal: Signal, text: str) -> bool:
    return any(sign in text and (pattern is None or pattern.search(text)) for sign, pattern in signal.marks)


def reasoning_effort(score: float, accepted: Sequence[str]) -> str | None:
    """The vendor's reasoning_effort for a complexity, None where the model takes none."""
    if not accepted:
        return None
    return "low" if score < 0.25 else "medium" if score < 0.6 else "high"
