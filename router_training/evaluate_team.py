"""scripts/evaluate_router.py team: which labelled messages, and which of others' texts, are advised a team."""

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from backend.domain.routing.agent_routing import AgentRouter, parse_agent_table
from backend.domain.routing.team_worth import Separation, separate
from backend.services.enhanced_ai_service.team_worth import field_of
from router_training.agents import TABLE
from router_training.questions import CLINC, GSM8K, MMLU, MT_BENCH, checksum
from router_training.shares import share_of

MESSAGES = Path(__file__).resolve().parents[1] / "tests/data/team_worth.jsonl"
QUESTIONS = 600
HEAD = ("part", "messages", "worth a team", "rightly advised", "wrongly advised", "precision (95%)", "recall (95%)")

Separate = Callable[[str], Separation]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help=f"folder with {MT_BENCH}, {CLINC}, {MMLU} and {GSM8K}")
    parser.add_argument("--table", type=Path, default=TABLE, help="the agent router's table")


def run(options: argparse.Namespace) -> int:
    with options.table.open(encoding="utf-8") as lines:
        router = AgentRouter(parse_agent_table(lines))
    parted = partial(separate, field_of=partial(field_of, router))
    files = (options.table, MESSAGES)
    lines = [*(f"{checksum(file)}  {file.name}" for file in files), "", *report(read_lines(MESSAGES), parted)]
    if options.data:
        lines += ["", *others_lines(options.data, parted)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def read_lines(file: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in text.splitlines()]


def report(messages: Iterable[dict[str, Any]], parted: Separate) -> list[str]:
    """A table by part, and how many teams are exactly the labelled agents."""
    groups: dict[str, list[tuple[dict[str, Any], Separation]]] = {}
    for message in messages:
        groups.setdefault(message["part"], []).append((message, parted(message["message"])))
    rows = [_row(part, judged) for part, judged in sorted(groups.items())]
    return [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}", *rows]


def _row(part: str, judged: list[tuple[dict[str, Any], Separation]]) -> str:
    advised = [(message, found) for message, found in judged if found.separates]
    right = sum(message["team"] for message, _ in advised)
    exact = sum(sorted(found.agents) == message["agents"] for message, found in advised)
    worth = sum(message["team"] for message, _ in judged)
    shares = share_of(right, len(advised)), share_of(right, worth)
    cells = (part, len(judged), worth, f"{right} ({exact} of them the very agents)", len(advised) - right, *shares)
    return f"| {' | '.join(map(str, cells))} |"


def others_lines(data: Path, parted: Separate) -> list[str]:
    """How many texts that no team is worth are advised one."""
    turns = [turn for row in read_lines(data / MT_BENCH) for turn in row["turns"]]
    with gzip.open(data / CLINC, "rt", encoding="utf-8") as stream:
        requests = [text for text, _ in json.load(stream)["val"]]
    texts = {MT_BENCH: turns, CLINC: requests}
    texts |= {name: [row["prompt"] for row in read_lines(data / name)][:QUESTIONS] for name in (MMLU, GSM8K)}
    return [_advised(data, name, found, parted) for name, found in texts.items()]


def _advised(data: Path, name: str, texts: list[str], parted: Separate) -> str:
    advised = sum(parted(text).separates for text in texts)
    return f"{checksum(data / name)}  {name}: {advised} of {len(texts)} advised a team"
