"""What users think of answers: a verdict each, and what many of them together say of an agent or a model."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend.domain.proportions import wilson

Rating = Literal["up", "down"]
COMMENT_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Feedback:
    """A user's verdict on one answer. agent and model: who gave the answer, as it was when it was judged."""

    user_id: str
    message_id: str
    conversation_id: str
    rating: Rating
    comment: str | None
    agent: str
    model: str
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many found answers good, and how many did not."""

    up: int = 0
    down: int = 0

    @property
    def total(self) -> int:
        return self.up + self.down

    @property
    def share(self) -> float | None:
        """Of ups among all, None where nobody has judged."""
        return self.up / self.total if self.total else None

    def __add__(self, other: "Verdicts") -> "Verdicts":
        return Verdicts(self.up + other.up, self.down + other.down)


def wilson_interval(verdicts: Verdicts) -> tuple[float, float] | None:
    """Where the share of ups lies, with 95% confidence: (low, high), None where nobody has judged."""
    return wilson(verdicts.up / verdicts.total, verdicts.total) if verdicts.total else None
