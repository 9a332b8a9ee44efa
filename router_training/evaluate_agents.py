"""scripts/evaluate_router.py agents: the shipped agent router on held-out examples, and its method on CLINC150."""

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

from backend.domain.routing.agent_features import features_of, scanned
from backend.domain.routing.agent_routing import UNSURE, AgentRouter, parse_agent_table
from backend.domain.routing.text_classifier import TextClassifier
from router_training.agent_examples import LabelledMessage, checksums, example_files, read_examples
from router_training.agents import EXAMPLES, TABLE
from router_training.text_classifier import Example, fit

CLINC = "routing/clinc150.json.gz"
RESAMPLES = 2_000
LEVEL = 0.95


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help=f"folder with {CLINC}")
    parser.add_argument("--examples", type=Path, default=EXAMPLES, help="folder of the labelled examples")
    parser.add_argument("--table", type=Path, default=TABLE, help="table to judge")


def run(options: argparse.Namespace) -> int:
    files = [options.table, *example_files(options.examples)]
    lines = [f"{digest}  {name}" for name, digest in checksums(files).items()]
    with options.table.open(encoding="utf-8") as rows:
        router = AgentRouter(parse_agent_table(rows))
    lines += held_out_lines(router, [message for message in read_examples(options.examples) if message.held_out])
    if options.data:
        file = options.data / CLINC
        lines += [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}", *clinc_lines(file)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def held_out_lines(router: AgentRouter, messages: Sequence[LabelledMessage]) -> list[str]:
    """Top-1 of all, of each label and of each language, with intervals."""
    groups: dict[str, list[bool]] = {}
    for message in messages:
        right = chosen(router, message) == message.label
        for group in _groups_of(message):
            groups.setdefault(group, []).append(right)
    return [f"held out, {group}: {described(right)}" for group, right in sorted(groups.items())]


def _groups_of(message: LabelledMessage) -> list[str]:
    context = ["with context"] if message.context else []
    return ["all", f"label {message.label}", f"language {message.language}", *context]


def chosen(router: AgentRouter, message: LabelledMessage) -> str:
    """The label that the router gives a message."""
    choice = router.route(message.text, message.context)
    return choice.agent.id if choice.sure else UNSURE


def clinc_lines(file: Path) -> list[str]:
    """Fitted to the training part of CLINC150, judged on the validation part, by its domains."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        data = json.load(stream)
    domain_of = {intent: domain for domain, intents in data["domains"].items() for intent in intents}
    classifier = fit([Example(text, domain_of[intent]) for text, intent in data["train"]])
    right = [_class_of(classifier, text) == domain_of[intent] for text, intent in data["val"]]
    return [f"CLINC150, {len(data['domains'])} domains, validation: {described(right)}"]


def _class_of(classifier: TextClassifier, text: str) -> str:
    scores = classifier.scores(features_of(scanned(text)))
    return classifier.classes[max(range(len(scores)), key=scores.__getitem__)]


def described(right: Sequence[bool]) -> str:
    """The share of right answers with its bootstrap interval."""
    low, high = interval(right)
    return f"{sum(right) / len(right):.1%} of {len(right)} (95% interval {low:.1%} to {high:.1%})"


def interval(right: Sequence[bool]) -> tuple[float, float]:
    """Percentile bootstrap of the mean."""
    random = Random(0)  # noqa: S311  resampling, not a secret
    size = len(right)
    means = sorted(_mean(random.choices(right, k=size)) for _ in range(RESAMPLES))
    tail = (1 - LEVEL) / 2
    return means[int(tail * RESAMPLES)], means[int((1 - tail) * RESAMPLES) - 1]


def _mean(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)
