"""The labelled examples of the agent router: one file of JSON lines an agent, and one of what belongs to none."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from backend.domain.routing.agent_routing import background
from router_training.text_classifier import Example

HELD_OUT_ONE_IN = 5


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """label: the file's name. terms are training examples only."""

    label: str
    text: str
    context: tuple[str, ...] = ()
    language: str = "en"
    term: bool = False

    @property
    def held_out(self) -> bool:
        """Decided by the text alone, so that nobody chooses."""
        return not self.term and int(sha256(self.text.encode()).hexdigest()[:8], 16) % HELD_OUT_ONE_IN == 0

    @property
    def example(self) -> Example:
        return Example(self.text, self.label, background(self.context))


def example_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def read_examples(folder: Path) -> list[LabelledMessage]:
    return [message for file in example_files(folder) for message in _read(file)]


def checksums(files: Iterable[Path]) -> dict[str, str]:
    """File name -> SHA-256 of its content."""
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}


def _read(file: Path) -> Iterable[LabelledMessage]:
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "terms" in row:
            yield from (LabelledMessage(file.stem, term, term=True) for term in row["terms"])
        else:
            yield LabelledMessage(file.stem, row["text"], tuple(row.get("context", ())), row["language"])
