"""Questions that two models have answered, as RouteLLM's evaluation files have them, and how they are split.

The split is a rule on hashes that was written down before anything was fitted: whole subjects are held out to see how
the tables do on what they have never met, and a part of every other subject to see how they do on more of the same.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

MMLU, GSM8K, CLINC, MT_BENCH = (
    "routing/mmlu.jsonl.gz",
    "routing/gsm8k.jsonl.gz",
    "routing/clinc150.json.gz",
    "mt_bench_questions.jsonl",
)
GSM8K_GROUP = "gsm8k"
SUBJECTS_HELD_OUT = 4
"""One subject in so many is held out whole."""
QUESTIONS_HELD_OUT = (3, 10)
"""Of every other subject, so many questions of so many."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that both models have answered. group: what it is about, as its source says."""

    text: str
    large_right: bool
    small_right: bool
    group: str
    answer: str = ""

    @property
    def gain(self) -> int:
        return int(self.large_right) - int(self.small_right)


@dataclass(frozen=True, slots=True)
class Split:
    """fit: to fit to. same: questions held out of subjects that are fitted to. other: subjects that are not."""

    fit: list[Answered]
    same: list[Answered]
    other: list[Answered]


def mmlu(data: Path) -> list[Answered]:
    return [_answered(row, row["subject"]) for row in _rows(data / MMLU)]


def gsm8k(data: Path) -> list[Answered]:
    return [_answered(row, GSM8K_GROUP) for row in _rows(data / GSM8K)]


def split(questions: Iterable[Answered]) -> Split:
    parts = Split([], [], [])
    for question in questions:
        if question.group != GSM8K_GROUP and _digest(question.group) % SUBJECTS_HELD_OUT == 0:
            parts.other.append(question)
        elif _digest(question.text) % QUESTIONS_HELD_OUT[1] < QUESTIONS_HELD_OUT[0]:
            parts.same.append(question)
        else:
            parts.fit.append(question)
    return parts


def everyday(data: Path) -> list[str]:
    """What people ask a voice assistant (CLINC150, its training part)."""
    with gzip.open(data / CLINC, "rt", encoding="utf-8") as stream:
        return [text for text, _ in json.load(stream)["train"]]


def conversation_openings(data: Path) -> list[str]:
    """What people ask a chat model (MT-bench, first turns); their answers are never looked at."""
    return [json.loads(line)["turns"][0] for line in (data / MT_BENCH).read_text(encoding="utf-8").splitlines()]


def checksum(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _answered(row: dict[str, Any], group: str) -> Answered:
    return Answered(row["prompt"], row["strong_ok"], row["weak_ok"], group, row.get("weak_answer", ""))


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _digest(text: str) -> int:
    return int(sha256(text.encode()).hexdigest(), 16)
