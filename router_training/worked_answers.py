"""scripts/train_router.py cascade: fits the doubt about calculated answers to a small model's."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from backend.domain.answers.worked import (
    FIGURE_RANGE,
    REASONS,
    TABLE_FORMAT,
    Weighed,
    WorkedAnswers,
    figures_of,
    parse_worked_answers,
)
from router_training.gain_model import DIGITS, scale_of
from router_training.logistic_regression import Vector, fit
from router_training.questions import GSM8K, Answered, checksum, gsm8k, split

TABLE = Path(__file__).resolve().parent.parent / "backend" / "domain" / "routing" / "tables" / "worked_answers.json"
COMMAND = "scripts/train_router.py cascade --data DIR"
COST = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {GSM8K}")
    parser.add_argument("--table", type=Path, default=TABLE, help="file to write")


def run(options: argparse.Namespace) -> int:
    model = fit_worked_answers(split(gsm8k(options.data)).fit)
    rows = {name: [row.mean, row.deviation, row.weight] for name, row in model.figures.items()}
    provenance = {"command": COMMAND, "data": {GSM8K: checksum(options.data / GSM8K)}}
    table = {"format": TABLE_FORMAT, **provenance, "bias": model.bias, "figures": rows}
    options.table.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def fit_worked_answers(questions: Sequence[Answered]) -> WorkedAnswers:
    """To what is worth asking again: the small model wrong, and the large one right."""
    worked = [(figures, question) for question in questions if (figures := figures_of(question.text, question.answer))]
    scales = {name: scale_of([figures[name] for figures, _ in worked]) for name in REASONS}
    vectors = [_vector(figures, scales) for figures, _ in worked]
    bias, weights = fit(vectors, [question.gain > 0 for _, question in worked], len(REASONS), COST)
    rows = {name: Weighed(*scales[name], round(weight, DIGITS)) for name, weight in zip(REASONS, weights, strict=True)}
    return WorkedAnswers(round(bias, DIGITS), rows)


def _vector(figures: dict[str, float], scales: dict[str, tuple[float, float]]) -> Vector:
    deviations = ((figures[name] - mean) / deviation for name, (mean, deviation) in scales.items())
    return tuple(range(len(scales))), tuple(min(max(each, -FIGURE_RANGE), FIGURE_RANGE) for each in deviations)


def shipped(table: Path = TABLE) -> WorkedAnswers:
    return parse_worked_answers(table.read_text(encoding="utf-8"))
