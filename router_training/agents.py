"""scripts/train_router.py agents: fits the table of the agent router to the training part of its examples."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from backend.domain.routing.agent_routing import ROWS_BEGIN, ROWS_END, TABLE_FORMAT
from backend.domain.routing.text_classifier import unpack_row
from router_training.agent_examples import LabelledMessage, checksums, example_files, read_examples
from router_training.text_classifier import fit

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "tests" / "data" / "agents"
TABLE = ROOT / "backend" / "domain" / "routing" / "tables" / "agents.json"
COMMAND = "scripts/train_router.py agents"
CONTEXT_WEIGHT = 2.4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--examples", type=Path, default=EXAMPLES, help="folder of the labelled examples")
    parser.add_argument("--table", type=Path, default=TABLE, help="file to write")


def run(options: argparse.Namespace) -> int:
    messages = read_examples(options.examples)
    training = [message for message in messages if not message.held_out]
    content = render(fit_table(training, checksums(example_files(options.examples))))
    options.table.write_text(content, encoding="utf-8")
    sys.stdout.write(f"{options.table}: fitted to {len(training)} of {len(messages)} examples\n")
    return 0


def fit_table(training: Iterable[LabelledMessage], provenance: dict[str, str]) -> dict[str, Any]:
    """The content of the data file. provenance: SHA-256 of the example files by name."""
    classifier = fit([message.example for message in training], context_weight=CONTEXT_WEIGHT)
    return {
        "format": TABLE_FORMAT,
        "command": COMMAND,
        "examples": provenance,
        "context_weight": CONTEXT_WEIGHT,
        "unit": classifier.unit,
        "classes": classifier.classes,
        "intercepts": classifier.intercepts,
        "rows": {feature: unpack_row(row) for feature, row in classifier.rows.items()},
    }


def render(table: dict[str, Any]) -> str:
    """JSON with a line for each feature, so that a change of the examples can be read as a difference."""
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items() if key != "rows"]
    rows = [f"{json.dumps(feature, ensure_ascii=False)}: {_compact(row)}" for feature, row in table["rows"].items()]
    return "{" + ",\n".join([*head, ROWS_BEGIN]) + ",\n".join(rows) + "\n" + ROWS_END


def _compact(row: Sequence[int]) -> str:
    return json.dumps(row, separators=(",", ":"))
