"""Whether answers to similar questions may be reused: what audits and users found, held against a ceiling.

A share of the hits is not served: the question is asked afresh, and both answers are compared. What users say of those
that are served counts too: a thumb down, and asking afresh. Both are wrong in one direction: an answer that merely
could have been another one counts as a false hit, so that reuse ends rather too early than too late.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Any

from backend.domain.calibration.agreement import final_answer
from backend.domain.proportions import wilson

CEILING = 0.02
"""The share of false hits from which on similar answers are no longer reused, as soon as it is beyond doubt."""
SIMILAR = "similar"
FALSE_AT_LEAST = 2
"""A single false hit is never beyond doubt: somebody may have asked afresh out of curiosity."""
AUDITED_SHARE = 0.05
SHORT_WORDS = 60
ALIKE = 0.2
"""The cosine of two answers' words below which they do not speak of the same."""

WORD = re.compile(r"[^\W\d_]{4,}")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
VERDICT = re.compile(r"^\W*(yes|no|tak|nie)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SimilarFindings:
    """Since they were last allowed. served: hits that were answered with. disputed: of those, called false by users.

    audited: hits that were asked afresh instead. differed: of those, with another answer.
    """

    served: int = 0
    disputed: int = 0
    audited: int = 0
    differed: int = 0

    @property
    def false_share(self) -> float | None:
        """Of the audited hits, None where none was."""
        return self.differed / self.audited if self.audited else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the share of false hits lies, with 95% confidence, by audits alone."""
        return wilson(self.differed / self.audited, self.audited) if self.audited else None

    @property
    def certain(self) -> float:
        """The share of false hits that is beyond doubt: the higher lower bound of audits and of users' verdicts."""
        shares = ((self.differed, self.audited), (min(self.disputed, self.served), self.served))
        return max((wilson(false / total, total)[0] for false, total in shares if false >= FALSE_AT_LEAST), default=0.0)

    @property
    def over_ceiling(self) -> bool:
        return self.certain > CEILING


@dataclass(frozen=True, slots=True)
class SimilarState:
    """Whether similar answers may be reused by those who want it, since when, and who or what said so.

    reason: why they were switched off, None while they are on.
    """

    enabled: bool = True
    reason: str | None = None
    since: datetime | None = None
    findings: SimilarFindings = SimilarFindings()


def is_similar(receipt: Mapping[str, Any] | None) -> bool:
    """Whether a receipt is of an answer to another question, reused for a similar one."""
    return ((receipt or {}).get("cache") or {}).get("layer") == SIMILAR


def is_audited(request_id: str, share: float = AUDITED_SHARE) -> bool:
    """Whether a hit of this request is asked afresh: the same on every worker, and drawn by nobody."""
    drawn = int.from_bytes(hashlib.sha256(f"audit {request_id}".encode()).digest()[:8], "big")
    return drawn < share * 2**64


def answers_differ(one: str, other: str) -> bool:
    """Whether two answers come to something else: another yes or no, another result, other words altogether."""
    verdicts = [match and match[1].lower() for match in (VERDICT.match(one), VERDICT.match(other))]
    results = [final_answer(one), final_answer(other)]
    for said in (verdicts, results):
        if None not in said and said[0] != said[1]:
            return True
    words = [Counter(word.lower() for word in WORD.findall(text)) for text in (one, other)]
    if max(len(one.split()), len(other.split())) <= SHORT_WORDS:
        numbers = [set(NUMBER.findall(text)) for text in (one, other)]
        if all(numbers) and not numbers[0] & numbers[1]:
            return True
        if all(numbers) and not all(words):
            return False
    return _cosine(*words) < ALIKE if any(words) else one.strip() != other.strip()


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    if not one or not other:
        return 0.0
    lengths = [sqrt(sum(count * count for count in row.values())) for row in (one, other)]
    return sum(count * other[word] for word, count in one.items()) / (lengths[0] * lengths[1])
