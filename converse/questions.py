"""The questions: JSON lines, each with the turns that a user takes."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """turns: what the user says, one after another, in one conversation."""

    category: str
    turns: tuple[str, ...]


class QuestionsError(Exception):
    """The file cannot be used; the message says which line and why."""


def read_questions(path: Path, limit: int | None = None) -> list[Question]:
    """limit: how many, evenly spread over the file so that every category keeps its share."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"{path} cannot be read: {error}") from error
    questions = [parse_question(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not questions:
        raise QuestionsError(f"{path} holds no questions.")
    if limit is None or limit >= len(questions):
        return questions
    return [questions[row * len(questions) // limit] for row in range(limit)]


def parse_question(line: str, place: str) -> Question:
    try:
        row = json.loads(line)
        turns = tuple(row["turns"])
        category = row.get("category", "questions")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise QuestionsError(f'{place}: expected a JSON object with "turns".') from error
    if not turns or not isinstance(category, str) or not all(isinstance(turn, str) and turn.strip() for turn in turns):
        raise QuestionsError(f"{place}: turns has to be a list of texts, and category a text.")
    return Question(category, turns)
