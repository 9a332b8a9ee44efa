"""Signs of a hard question that anyone can see, with weights by hand: what there is where nothing was measured."""

import re
from dataclasses import dataclass

from backend.domain.routing.vocabulary import compile_terms


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
        "udowodnij, przeanalizuj, porównaj, uzasadnij, wyprowadź, oceń, krok po kroku",
    ),
    Signal(
        "asks for a design",
        0.5,
        "architect*, design a, design an, design the, scale, scalable, scalability, distributed, migrat*, concurren*, "
        "zaprojektuj*, architektur*, rozproszon*, skalowaln*, współbieżn*",
    ),
    Signal(
        "contains mathematics",
        0.42,
        "integral, probability, equation, theorem, całk*, prawdopodobieństw*, równani*, twierdzeni*",
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
        "must, at least, at most, without, only, exactly, constraint, require*, musi, dokładnie, co najmniej, "
        "co najwyżej",
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


def signals_of(text: str) -> list[Signal]:
    """The signals that a text in lower case shows."""
    spoken = {SIGNAL_OF[match[1]].reason for match in WORDS.finditer(text)}
    return [signal for signal in SIGNALS if signal.reason in spoken or _marked(signal, text)]


def _marked(signal: Signal, text: str) -> bool:
    return any(sign in text and (pattern is None or pattern.search(text)) for sign, pattern in signal.marks)
