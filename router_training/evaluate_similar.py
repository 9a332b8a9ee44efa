"""scripts/evaluate_router.py similar: which labelled pairs of questions, and which of others' texts, ask the same."""

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

from backend.domain.question_form import form_of
from backend.domain.similarity.questions import THRESHOLD, similarity
from router_training.questions import CLINC, MMLU, checksum, mmlu
from router_training.shares import share_of

PAIRS = Path(__file__).resolve().parents[1] / "tests/data/similar_pairs.jsonl"
HEAD = ("part", "pairs", "paraphrases found", "traps taken for the same", "precision (95%)", "recall (95%)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help=f"folder with {CLINC} and {MMLU}")
    parser.add_argument("--pairs", type=Path, default=PAIRS, help="labelled pairs")


def run(options: argparse.Namespace) -> int:
    lines = [f"{checksum(options.pairs)}  {options.pairs.name}", "", *report(read_pairs(options.pairs))]
    if options.data:
        file = options.data / CLINC
        lines += ["", f"{checksum(file)}  {CLINC}", *clinc_lines(file)]
        lines += ["", f"{checksum(options.data / MMLU)}  {MMLU}", *mmlu_lines(options.data)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def read_pairs(file: Path) -> list[dict[str, str | bool]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def report(pairs: Iterable[dict[str, str | bool]]) -> list[str]:
    """A table: by part, and the held-out part by language."""
    groups: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for pair in pairs:
        judged = (bool(pair["same"]), ask_the_same(str(pair["one"]), str(pair["other"])))
        groups[str(pair["part"])].append(judged)
        if pair["part"] == "held_out":
            groups[f"held_out {pair['language']}"].append(judged)
    head = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    return [*head, *(_row(name, judged) for name, judged in groups.items())]


def ask_the_same(one: str, other: str) -> bool:
    forms = form_of(one), form_of(other)
    return forms[0] is not None and forms[1] is not None and similarity(forms[0], forms[1]) >= THRESHOLD


def _row(name: str, judged: list[tuple[bool, bool]]) -> str:
    found = sum(same and taken for same, taken in judged)
    wrong = sum(taken and not same for same, taken in judged)
    paraphrases = sum(same for same, _ in judged)
    shares = share_of(found, found + wrong), share_of(found, paraphrases)
    counts = f"{found} of {paraphrases}", f"{wrong} of {len(judged) - paraphrases}"
    return f"| {' | '.join((name, str(len(judged)), *counts, *shares))} |"


def clinc_lines(file: Path) -> list[str]:
    """Every request of the training and the validation part beside every other one, by their labels."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        data = json.load(stream)
    intent_of = {text: intent for part in ("train", "val") for text, intent in data[part]}
    alike = list(similar_among(intent_of))
    differing = [(one, other) for one, other in alike if intent_of[one] != intent_of[other]]
    shown = [f"  {one} ({intent_of[one]}) | {other} ({intent_of[other]})" for one, other in differing]
    return [f"CLINC150: {len(alike)} pairs are similar, {len(differing)} of them labelled differently:", *shown]


def mmlu_lines(data: Path) -> list[str]:
    """Every question without its choices beside every other one."""
    stems = dict.fromkeys(question.text.split("\nA")[0].strip() for question in mmlu(data))
    alike = [f"  {one} | {other}" for one, other in similar_among(stems)]
    return [f"MMLU: {len(alike)} pairs of {len(stems)} questions are similar:", *alike]


def similar_among(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The pairs that ask the same; only forms of one signature can."""
    by_signature = defaultdict(list)
    for text in texts:
        if form := form_of(text):
            by_signature[form.signature].append((text, form))
    for group in by_signature.values():
        for (one, form), (other, another) in combinations(group, 2):
            if similarity(form, another) >= THRESHOLD:
                yield one, other
