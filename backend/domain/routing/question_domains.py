"""What a question is about: one of a few domains, since what models are good at differs most by domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from backend.domain.routing.agent_features import contains_code
from backend.domain.routing.text_features import Reading

SOFTWARE = "software"
CLEAR_MARGIN = 0.6
"""Log-odds for each square root of a word by which the best domain has to lead the second."""
LEAST_WORDS = 4
"""Known ones: fewer tell nothing."""
SCALE = 100
"""Integers of the table stand for hundredths."""


@dataclass(frozen=True, slots=True)
class DomainTable:
    """rows: by word, how much likelier it is in each domain than on average, as log-odds in hundredths."""

    domains: tuple[str, ...]
    rows: Mapping[str, Sequence[int]]

    def domain_of(self, reading: Reading, text: str) -> str | None:
        """The domain, None where no one stands out. text: as it was typed."""
        if contains_code(text):
            return SOFTWARE
        rows = [self.rows[word] for word in reading.words if word in self.rows]
        if len(rows) < LEAST_WORDS:
            return None
        scores = sorted(zip(map(sum, zip(*rows, strict=True)), self.domains, strict=True), reverse=True)
        (best, domain), (second, _) = scores[0], scores[1]
        return domain if best - second >= CLEAR_MARGIN * SCALE * sqrt(len(rows)) else None
