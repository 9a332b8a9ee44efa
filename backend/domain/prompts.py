"""A user's library of prompts: texts to use again, with places to fill in."""

import re
from dataclasses import dataclass
from datetime import datetime

MOST = 200
"""Prompts that a user may keep."""
TITLE_CHARACTERS = 120
TEXT_CHARACTERS = 8000
VARIABLE = re.compile(r"\{\{[ \t]{0,8}(\w[\w .-]{0,38}\w|\w)[ \t]{0,8}\}\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """text: with {{name}} where something is to be filled in."""

    id: str
    user_id: str
    title: str
    text: str
    created_at: datetime
    updated_at: datetime

    @property
    def variables(self) -> tuple[str, ...]:
        """Names in the order of their first appearance, each once."""
        return tuple(dict.fromkeys(VARIABLE.findall(self.text)))
