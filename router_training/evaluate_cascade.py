"""scripts/evaluate_router.py cascade: what the check of answers finds at its threshold, on answers held out."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.domain.answers.checks import DOUBT_THRESHOLD, check_answer
from backend.domain.answers.worked import WorkedAnswers
from router_training.questions import GSM8K, Answered, checksum, gsm8k, split
from router_training.shares import share_of
from router_training.worked_answers import shipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {GSM8K}")


def run(options: argparse.Namespace) -> int:
    questions = split(gsm8k(options.data)).same
    lines = (f"{checksum(options.data / GSM8K)}  {GSM8K}", "", *report(questions, shipped()))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def report(questions: Sequence[Answered], worked: WorkedAnswers) -> list[str]:
    """A table: by what was checked with, what was doubted, how often rightly, and what becomes of the quality."""
    names = (
        "check",
        "questions",
        "doubted",
        "of them wrong (95% interval)",
        "of the wrong ones found",
        "small",
        "cascade",
    )
    head = [f"| {' | '.join((*names, 'large'))} |", f"|{'---|' * (len(names) + 1)}"]
    checks = (("signs and fitted weights", worked), ("signs alone", None))
    return [*head, *(_row(name, questions, weights) for name, weights in checks)]


def _row(name: str, questions: Sequence[Answered], worked: WorkedAnswers | None) -> str:
    doubted = [question for question in questions if _doubted(question, worked)]
    wrong = sum(not question.small_right for question in doubted)
    all_wrong = sum(not question.small_right for question in questions)
    size = len(questions)
    small, large = size - all_wrong, sum(question.large_right for question in questions)
    cascade = small + sum(question.gain for question in doubted)
    cells = (
        name,
        str(size),
        f"{len(doubted) / size:.1%}",
        share_of(wrong, len(doubted), none="none was doubted"),
        f"{wrong / all_wrong:.1%}" if all_wrong else "none was wrong",
        *(f"{right / size:.3f}" for right in (small, cascade, large)),
    )
    return f"| {' | '.join(cells)} |"


def _doubted(question: Answered, worked: WorkedAnswers | None) -> bool:
    return check_answer(question.text, question.answer, "stop", worked).doubt >= DOUBT_THRESHOLD
