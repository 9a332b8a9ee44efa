"""Whether a larger model's answer is better than a smaller one's, where that can be told without an opinion."""

import ast
import re
import warnings
from typing import Any

import orjson

from backend.domain.answers.formats import format_failures
from backend.domain.calibration.fit import Gain

COMPARED_CHARACTERS = 20_000
FENCED = re.compile(r"```[\w+-]*[^\S\n]*\n(.*?)```", re.S)
STATED = re.compile(
    r"(?:\bfinal answer\b|\bthe answer\b|\banswer\b|\bodpowiedź\b|\bodpowiedzią\b|####)"
    r"(?:\s+(?:is|to|jest))?\s*[:=]?\s*\$?\\?(?:boxed\{)?\(?\**\s*"
    r"([A-E]\b(?!\s+\w)|[-+]?\d[\d, ]*(?:[.,]\d+)?(?:/\d+)?)",
    re.I,
)
BOXED = re.compile(r"\\boxed\{\s*([^{}]{1,60}?)\s*\}")
BARE = re.compile(r"\(?([A-E])\)?\.?|([-+]?\d[\d, ]*(?:\.\d+)?)\.?")


def compare_answers(question: str, small: str, large: str) -> Gain | None:
    """1: the large model's answer is better, 0: as good, -1: worse; None: that cannot be told from the texts.

    Better: it has the format that was asked for, and the other has not. As good: both come to the same.
    """
    if len(small) > COMPARED_CHARACTERS or len(large) > COMPARED_CHARACTERS:
        return None
    failed = [any(format_failures(question, answer)) for answer in (small, large)]
    if failed[0] != failed[1]:
        return 1 if failed[0] else -1
    if _words(small) == _words(large):
        return 0
    for meaning in (final_answer, _json, _program):
        found = meaning(small)
        if found is not None and found == meaning(large):
            return 0
    return None


def final_answer(text: str) -> str | None:
    """The number or the letter that an answer says it comes to, None where it says none beyond doubt."""
    bare = BARE.fullmatch(text.strip())
    if bare:
        return _plain(bare[1] or bare[2])
    stated = [*STATED.finditer(text), *BOXED.finditer(text)]
    return _plain(max(stated, key=lambda match: match.start())[1]) if stated else None


def _plain(value: str) -> str:
    """As one writes it: "1,200.0 " and "1200" are the same."""
    text = re.sub(r"[\s,$]", "", value).upper().rstrip(".")
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"[-+]?\d+\.\d+", text) else text


def _words(text: str) -> str:
    return " ".join(text.lower().split())


def _block(text: str) -> str | None:
    """The one fenced block of an answer, or all of it; None where there are several."""
    blocks = FENCED.findall(text)
    return (blocks[0] if blocks else text) if len(blocks) < 2 else None


def _json(text: str) -> Any:  # noqa: ANN401 (whatever it is)
    """The value, None for what is no object or list."""
    try:
        value = orjson.loads((_block(text) or "").strip())
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict | list) else None


def _program(text: str) -> str | None:
    """What a Python program does, whatever its spaces and comments; None for what is none, or too deep to read."""
    block = _block(text) if "```" in text else None
    if block is None or not re.search(r"\b(?:def|class|import|return|print)\b", block):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they would print lines of the program
            return ast.dump(ast.parse(block))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
