"""scripts/train_router.py complexity: fits gains by words and figures, domains by words, and the scale of the score."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import fsum, log
from pathlib import Path
from typing import Any

from backend.domain.routing.complexity import TABLE_FORMAT, ComplexityModel, parse_complexity
from backend.domain.routing.question_domains import SCALE
from backend.domain.routing.text_features import read
from router_training.agent_examples import LabelledMessage, read_examples
from router_training.agents import EXAMPLES
from router_training.gain_model import fit_gain_model
from router_training.questions import (
    CLINC,
    GSM8K,
    GSM8K_GROUP,
    MMLU,
    MT_BENCH,
    Answered,
    checksum,
    conversation_openings,
    everyday,
    gsm8k,
    mmlu,
    split,
)

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "backend" / "domain" / "routing" / "tables" / "complexity.json"
COMMAND = "scripts/train_router.py complexity --data DIR"
STEPS = 100
LONG_PART = 100
"""Of the scale of the score."""
WORD_MINIMUM, SMOOTHING, VOCABULARY, LEAST_TELLING = 5, 0.5, 10_000, 30
SOFTWARE, DESIGN, PLANNING, EVERYDAY = "software", "design", "planning", "everyday"
DOMAIN_OF_LABEL: Mapping[str, str] = {
    "dev": SOFTWARE,
    "atlas": SOFTWARE,
    "quinn": SOFTWARE,
    "luna": DESIGN,
    "sage": PLANNING,
    "unsure": EVERYDAY,
}
"""What the agent router's examples are about; nothing was measured there."""
GROUPS_OF: Mapping[str, tuple[str, ...]] = {
    "mathematics": ("abstract_algebra", "college_mathematics", "formal_logic", GSM8K_GROUP),
    "science": (
        "astronomy",
        "college_chemistry",
        "college_physics",
        "conceptual_physics",
        "electrical_engineering",
        "high_school_biology",
    ),
    "computing": ("high_school_computer_science",),
    "health": ("clinical_knowledge", "human_aging", "medical_genetics", "nutrition"),
    "law": ("international_law", "professional_law"),
    "economy": ("high_school_macroeconomics", "high_school_microeconomics", "management"),
    "society": (
        "high_school_geography",
        "high_school_psychology",
        "high_school_us_history",
        "logical_fallacies",
        "moral_disputes",
        "prehistory",
        "professional_psychology",
        "security_studies",
        "us_foreign_policy",
        "world_religions",
    ),
}
DOMAINS = (*GROUPS_OF, SOFTWARE, DESIGN, PLANNING, EVERYDAY)
DOMAIN_OF = {group: domain for domain, groups in GROUPS_OF.items() for group in groups}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=f"folder with {MMLU}, {GSM8K}, {CLINC}, {MT_BENCH}")
    parser.add_argument("--table", type=Path, default=TABLE, help="file to write")


def run(options: argparse.Namespace) -> int:
    options.table.write_text(render(table_of(options.data)), encoding="utf-8")
    return 0


def table_of(data: Path) -> dict[str, Any]:
    """The content of the data file, fitted to the part of the data that is there to fit to."""
    questions = split([*mmlu(data), *gsm8k(data)]).fit
    gains = fit_gain_model(questions)
    table = {
        "format": TABLE_FORMAT,
        "command": COMMAND,
        "data": {name: checksum(data / name) for name in (MMLU, GSM8K, CLINC, MT_BENCH)},
        "bias": gains.bias,
        "figures": {name: [row.mean, row.deviation, row.large, row.small] for name, row in gains.figures.items()},
        "measured": measured_gains(questions),
        "domains": DOMAINS,
        "quantiles": list(range(STEPS + 1)),
        "domain_words": domain_weights([*_known_texts(questions, everyday(data), read_examples(EXAMPLES))]),
        "words": gains.words,
    }
    model = parse_complexity(render(table))
    return table | {"quantiles": quantiles(reference_gains(model, data))}


def reference_gains(model: ComplexityModel, data: Path) -> list[float]:
    """Of what people ask a chat model: the openings of conversations, and the agent router's examples."""
    openings = [model.assess(text).gain for text in conversation_openings(data)]
    messages = [message for message in read_examples(EXAMPLES) if not message.term]
    return [*openings, *(model.assess(message.text, message.context).gain for message in messages)]


def measured_gains(questions: Sequence[Answered]) -> dict[str, float]:
    """By domain, how much more often the large model was right."""
    gains: dict[str, list[int]] = {domain: [] for domain in GROUPS_OF}
    for question in questions:
        if question.group in DOMAIN_OF:
            gains[DOMAIN_OF[question.group]].append(question.gain)
    return {domain: round(sum(found) / len(found), 3) for domain, found in gains.items() if found}


def quantiles(gains: Sequence[float]) -> list[float]:
    """Of the gains, at equal steps of their rank, each above the one before it."""
    ordered = sorted(gains)
    found: list[float] = []
    for step in range(STEPS + 1):
        value = round(ordered[min(step * len(ordered) // STEPS, len(ordered) - 1)], 4)
        found.append(max(value, round(found[-1] + 1e-4, 4)) if found else value)
    return found


def _known_texts(
    questions: Iterable[Answered], plain: Iterable[str], messages: Iterable[LabelledMessage]
) -> Iterator[tuple[str, str]]:
    """(domain, text) of all that is known to be about something."""
    yield from ((DOMAIN_OF[question.group], question.text) for question in questions if question.group in DOMAIN_OF)
    yield from ((EVERYDAY, text) for text in plain)
    yield from ((DOMAIN_OF_LABEL[message.label], message.text) for message in messages if not message.held_out)


def domain_weights(texts: Iterable[tuple[str, str]]) -> dict[str, list[int]]:
    """For each word its log-probability in every domain, less its mean over them, in hundredths."""
    counts: dict[str, Counter[str]] = {domain: Counter() for domain in DOMAINS}
    for domain, text in texts:
        counts[domain].update(read(text).words.keys())
    words = sorted(word for word, count in sum(counts.values(), Counter()).items() if count >= WORD_MINIMUM)
    return {word: row for word in words if max(map(abs, row := _log_odds(word, counts))) >= LEAST_TELLING}


def _log_odds(word: str, counts: Mapping[str, Counter[str]]) -> list[int]:
    logs = [log((own[word] + SMOOTHING) / (own.total() + SMOOTHING * VOCABULARY)) for own in counts.values()]
    mean = fsum(logs) / len(logs)
    return [round((value - mean) * SCALE) for value in logs]


def render(table: Mapping[str, Any]) -> str:
    """JSON with a line for each word, so that a change can be read as a difference."""
    parts = [f"{json.dumps(key)}: {_part(value)}" for key, value in table.items()]
    return "{" + ",\n".join(parts) + "}\n"


def _part(value: Any) -> str:  # noqa: ANN401  any part of a table
    if not isinstance(value, dict) or len(value) < LONG_PART:
        return json.dumps(value, ensure_ascii=False)
    return (
        "{\n"
        + ",\n".join(f"{json.dumps(word, ensure_ascii=False)}: {_compact(row)}" for word, row in value.items())
        + "\n}"
    )


def _compact(row: Sequence[int]) -> str:
    return json.dumps(row, separators=(",", ":"))


def shipped(table: Path = TABLE) -> ComplexityModel:
    return parse_complexity(table.read_text(encoding="utf-8"))


def provenance(table: Path = TABLE) -> dict[str, str]:
    """SHA-256 of the files that a table was fitted to, by their paths within the data folder."""
    return dict(json.loads(table.read_text(encoding="utf-8"))["data"])
