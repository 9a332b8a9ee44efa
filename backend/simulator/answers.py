"""The simulated answers: Markdown about the prompt, the same for the same prompt, and plainly marked as simulated."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from backend.simulator.tokens import split_tokens

NOTICE = "*Simulated answer: no language model was called.*"
SCANNED_CHARACTERS = 2_000
_PERSONA = re.compile(r"You are (\w{1,24})(?:, (?:an? |the )?([^.,;\n]{1,60}))?")
_WORD = re.compile(r"[^\W\d_]{4,24}")
_IDENTIFIER = re.compile(r"[^a-z0-9]+")
_DULL = frozenset(
    [
        "about",
        "above",
        "after",
        "also",
        "been",
        "before",
        "being",
        "could",
        "does",
        "each",
        "from",
        "give",
        "have",
        "here",
        "into",
        "just",
        "like",
        "make",
        "more",
        "most",
        "much",
        "need",
        "only",
        "other",
        "please",
        "should",
        "some",
        "such",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "very",
        "want",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "would",
        "write",
        "your",
    ]
)
_POINTS = (
    "**{word}**: say what it must do and how you would notice that it does not.",
    "**{word}**: begin with the smallest case that can fail, then add one difficulty at a time.",
    "**{word}**: two choices are open here; take the one that is easier to undo.",
    "**{word}**: measure it before changing it, and write the figure down with its date.",
    "**{word}**: name the owner and the limit; most trouble hides where neither is written.",
    "**{word}**: keep it separate from **{other}**, since the two change for different reasons.",
    "**{word}**: compare it with **{other}** on cost, risk and the time until someone uses it.",
    "**{word}**: list what is assumed about it, and check the assumption that would hurt most.",
)
_CLOSINGS = (
    "Next step: try this on one real example of {word}.",
    "What would change this answer: a firm limit on {word}, or a different reader.",
    "Ask about {word} again with a concrete example for something more specific.",
)
_CODE_WORDS = (
    "code",
    "function",
    "python",
    "script",
    "implement",
    "class",
    "program",
    "algorithm",
    "bug",
    "sql",
    "api",
)
_THOUGHTS = (
    "The question is about {word}.",
    "I should keep {word} apart from {other}.",
    "A short list serves better than prose here.",
    "I will state what is assumed about {word}.",
    "The reader probably wants a first step for {other}.",
)
_THOUGHTS_BY_EFFORT = {"low": 1, "medium": 3, "high": 5}


@dataclass(frozen=True, slots=True)
class Answer:
    """Both texts as tokens; reasoning comes first and is empty for a model that does not reason."""

    reasoning: tuple[str, ...]
    content: tuple[str, ...]


def compose_answer(
    model: str, prompt: bytes, system: str, question: str, history: Sequence[str], effort: str | None
) -> Answer:
    """The answer to a prompt, 40 to 250 tokens long; depends on the arguments alone."""
    chance = random.Random(blake2b(model.encode() + b"\0" + prompt, digest_size=8).digest())  # noqa: S311
    words = _keywords(question)
    parts = [NOTICE, _opening(system, question, history), _points(chance, words)]
    if chance.random() < 0.15 or any(word in question.lower() for word in _CODE_WORDS):
        parts.append(_code(words))
    parts.append(chance.choice(_CLOSINGS).format(word=words[0]))
    return Answer(_reasoning(chance, words, effort), split_tokens("\n\n".join(parts)))


def _keywords(question: str) -> list[str]:
    """The question's distinct words of substance, at most six, at least one."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(question[:SCANNED_CHARACTERS]))
    return [word for word in found if word not in _DULL][:6] or ["request"]


def _opening(system: str, question: str, history: Sequence[str]) -> str:
    persona = _PERSONA.match(system)
    name = persona[1] if persona else "Simulator"
    role = f" ({persona[2]})" if persona and persona[2] else ""
    opening = f"**{name}**{role} on “{_excerpt(question)}”"
    return f"{opening}, after “{_excerpt(history[-1])}”:" if history else f"{opening}:"


def _excerpt(text: str) -> str:
    line = " ".join(text[:200].split())
    return line if len(line) <= 80 else f"{line[:77]}..."


def _points(chance: random.Random, words: Sequence[str]) -> str:
    points = chance.sample(_POINTS, chance.randint(1, 5))
    chosen = (words[index % len(words)] for index in range(len(points)))
    return "\n".join(
        f"{number}. {point.format(word=word, other=words[-1] if word != words[-1] else words[0])}"
        for number, (point, word) in enumerate(zip(points, chosen, strict=True), 1)
    )


def _code(words: Sequence[str]) -> str:
    name = _IDENTIFIER.sub("_", "_".join(words[:2])).strip("_") or "answer"
    body = "    return [item for item in items if item.strip()]"
    return f"```python\ndef {name}(items: list[str]) -> list[str]:\n{body}\n```"


def _reasoning(chance: random.Random, words: Sequence[str], effort: str | None) -> tuple[str, ...]:
    if effort is None:
        return ()
    thoughts = chance.sample(_THOUGHTS, _THOUGHTS_BY_EFFORT[effort])
    return split_tokens(" ".join(thought.format(word=words[0], other=words[-1]) for thought in thoughts))
