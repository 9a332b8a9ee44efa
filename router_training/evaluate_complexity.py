"""scripts/evaluate_router.py complexity: the shipped tables, and their method, on questions that were held out."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from backend.domain.routing.complexity import ComplexityModel
from backend.domain.routing.text_features import read
from router_training import complexity, worked_answers
from router_training.gain_curves import SAVING, Curve, Figure, curve, judged
from router_training.gain_model import fit_gain_model
from router_training.plots import plot
from router_training.questions import GSM8K, MMLU, Answered, checksum, gsm8k, mmlu, split

LABELS = 1_500
LABELS_WORD_MINIMUM = 2
REPEATS = 5
FOLDS = 6
SUBJECT_RESAMPLES = 400
LEVEL_OF_CHANCE = 0.5

Scores = Sequence[float]
Judge = Callable[[Answered], float]


@dataclass(frozen=True, slots=True)
class Part:
    """Questions that the shipped tables were not fitted to."""

    name: str
    questions: list[Answered]

    @property
    def gains(self) -> list[int]:
        return [question.gain for question in self.questions]

    @property
    def quality(self) -> tuple[float, float]:
        """Shares of right answers: the small model's, the large one's."""
        size = len(self.questions)
        return (
            sum(question.small_right for question in self.questions) / size,
            sum(question.large_right for question in self.questions) / size,
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {MMLU} and {GSM8K}")
    parser.add_argument("--table", type=Path, default=complexity.TABLE, help="table to judge")
    parser.add_argument("--plot", type=Path, help="PNG file for the curves; needs requirements-evaluation.txt")


def run(options: argparse.Namespace) -> int:
    lines, curves = report(options.data, options.table)
    sys.stdout.write("\n".join(lines) + "\n")
    if options.plot:
        plot(curves, options.plot)
    return 0


def report(data: Path, table: Path) -> tuple[list[str], dict[str, Curve]]:
    """The lines of the report, and the curves of what is in it by name."""
    model, doubts = complexity.shipped(table), worked_answers.shipped()
    lines = [f"{checksum(file)}  {file.name}" for file in (table, data / MMLU, data / GSM8K)]
    lines += ["", *header()]
    curves: dict[str, Curve] = {}
    for part in parts(data):
        judges = judges_of(model)
        if part.questions[0].answer:
            judges["cascade: shipped check of the small answer"] = lambda question: _doubt(doubts, question)
        for name, judge in judges.items():
            scores = [judge(question) for question in part.questions]
            lines.append(row(part, name, judged(scores, part.gains)))
            curves[f"{part.name}: {name}"] = curve(scores, part.gains)
    questions = mmlu(data)
    lines += [labelled(questions), "", *by_subject(questions)]
    return lines, curves


def parts(data: Path) -> list[Part]:
    """What is held out of the files that the tables were fitted to; all of any other file."""
    fitted: Mapping[str, str] = complexity.provenance()
    found: list[Part] = []
    for name, file, questions in (("MMLU", MMLU, mmlu(data)), ("GSM8K", GSM8K, gsm8k(data))):
        if checksum(data / file) != fitted.get(file):
            found.append(Part(f"{name}, all unseen", questions))
            continue
        held_out = split(questions)
        found.append(Part(f"{name}, held out", held_out.same))
        if held_out.other:
            found.append(Part(f"{name}, subjects held out", held_out.other))
    return found


def judges_of(model: ComplexityModel) -> dict[str, Judge]:
    return {
        "shipped tables": lambda question: model.assess(question.text).gain,
        "length of the prompt": lambda question: float(len(question.text)),
        "random": lambda question: float(int(sha256(question.text.encode()).hexdigest()[:8], 16)),
        "oracle": lambda question: float(question.gain),
    }


def _doubt(doubts: Any, question: Answered) -> float:  # noqa: ANN401
    judgement = doubts.judge(question.text, question.answer)
    return judgement.wrong if judgement else LEVEL_OF_CHANCE


def header() -> list[str]:
    names = ("questions", "score", "APGR", "CPT50", "CPT80", f"quality at {SAVING:.0%} saving")
    return [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]


def row(part: Part, name: str, figures: Mapping[str, Figure]) -> str:
    small, large = part.quality
    at_saving = figures["PGR at 40% saving"]
    quality = Figure(*(small + pgr * (large - small) for pgr in (at_saving.value, at_saving.low, at_saving.high)))
    told = f"{part.name} ({len(part.questions)}; small {small:.3f}, large {large:.3f})"
    cells = (told, name, str(figures["APGR"]), str(figures["CPT50"]), str(figures["CPT80"]), str(quality))
    return f"| {' | '.join(cells)} |"


def labelled(questions: Sequence[Answered]) -> str:
    """The method with so many labels of the target: fitted to a draw, judged on the rest, several times."""
    drawn: list[dict[str, Figure]] = []
    rest: list[Answered] = []
    for repeat in range(REPEATS):
        order = list(questions)
        Random(repeat).shuffle(order)  # noqa: S311  a draw, not a secret
        model, rest = fit_gain_model(order[:LABELS], minimum=LABELS_WORD_MINIMUM), order[LABELS:]
        scores = [model.expect(read(question.text)).gain for question in rest]
        drawn.append(judged(scores, [question.gain for question in rest], SUBJECT_RESAMPLES))
    mean = {name: _mean([figures[name] for figures in drawn]) for name in drawn[0]}
    return row(Part("MMLU, the rest", rest), f"fitted to {LABELS:,} labels (mean of {REPEATS} draws)", mean)


def _mean(figures: Sequence[Figure]) -> Figure:
    size = len(figures)
    return Figure(*(sum(getattr(figure, name) for figure in figures) / size for name in ("value", "low", "high")))


def by_subject(questions: Sequence[Answered]) -> list[str]:
    """Every subject judged by tables that were fitted without it."""
    subjects = sorted({question.group for question in questions})
    lines = ["| subject, fitted without it | questions | gain | APGR |", "|---|---|---|---|"]
    for fold in range(FOLDS):
        unseen = set(subjects[fold::FOLDS])
        model = fit_gain_model([question for question in questions if question.group not in unseen])
        lines += [_subject(subject, questions, model.expect) for subject in sorted(unseen)]
    return lines[:2] + sorted(lines[2:])


def _subject(subject: str, questions: Iterable[Answered], expect: Callable[..., Any]) -> str:
    own = [question for question in questions if question.group == subject]
    gains = [question.gain for question in own]
    gain = sum(gains) / len(gains)
    if gain <= 0:
        return f"| {subject} | {len(own)} | {gain:.3f} | not scored: the large model is not better |"
    figure = judged([expect(read(question.text)).gain for question in own], gains, SUBJECT_RESAMPLES)["APGR"]
    verdict = " below chance" if figure.high < LEVEL_OF_CHANCE else ""
    return f"| {subject} | {len(own)} | {gain:.3f} | {figure}{verdict} |"
