"""How much a question gains from the large model, and which tier it therefore goes to. Pure arithmetic on text.

The gain, P(large right) - P(small right), is what was measured on answered questions as far as the tables know such
questions, and a prior by hand as far as they do not. Its quantile over reference questions is the score.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from backend.domain.calibration.ranks import UNCALIBRATED, Calibration
from backend.domain.models import Tier
from backend.domain.routing.gain_model import FigureRow, GainModel
from backend.domain.routing.question_domains import DomainTable
from backend.domain.routing.remembered import Remembered
from backend.domain.routing.signals import Signal, signals_of
from backend.domain.routing.text_features import FIGURES, SCANNED_CHARACTERS, Reading, read

TABLE_FORMAT = 1
PRIORITY_RAISE = {"normal": 0.0, "high": 0.25, "premium": 0.5}
"""Of the share that would go to the small model, what goes to the large one besides."""
PRIOR_GAIN, PRIOR_RANGE = 0.05, 0.3
"""Of questions that nothing is known about: the gain of the plainest, and what the signals can add to it."""
LONG_WORDS, LENGTH_WEIGHT = 250, 0.7
FOLLOW_UP_WORDS = 12
"""A shorter message says too little by itself: the question before it is read along with it."""
HARDER_HALF = 0.5
LEAST_LEAN, MOST_REASONS = 0.05, 4
CLEAR_DEVIATION = 1.0
ENOUGH_WORDS = 50
"""The questions that were fitted to have about as many: of shorter ones the tables know less."""
TRUST_UNKNOWN, TRUST_ELSEWHERE = 0.6, 0.3
"""In the tables, where the domain is not known, and where it is one that nothing was measured in."""
SIMPLE = re.compile(r"^\s*(hi|hello|hey|thanks?|thank you|ok(?:ay)?|cześć|hej|dzięki|yes|no|tak|nie)\b[\s!.?]*$", re.I)


@dataclass(frozen=True, slots=True)
class Assessment:
    """score: 0..1, the share of reference questions that gain less. gain: expected, as a difference of probabilities.

    domain: what it is about, None where that is unknown. reasons in people's words, the weightiest first.
    """

    score: float
    gain: float
    domain: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Complexity:
    """rank: of the score on own traffic, where that was calibrated."""

    score: float
    domain: str | None
    rank: float
    tier: Tier
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComplexityModel:
    """measured: the gain by domain. quantiles: gains of the reference questions, rising, at equal steps of rank."""

    gains: GainModel
    domains: DomainTable
    measured: Mapping[str, float]
    quantiles: tuple[float, ...]

    def assess(self, message: str, context: Sequence[str] = ()) -> Assessment:
        """context: earlier messages, the oldest first."""
        if SIMPLE.match(message):
            return Assessment(0.0, 0.0, None, ("a greeting or a single word",))
        text = message[:SCANNED_CHARACTERS]
        reading = read(message)
        if reading.size < FOLLOW_UP_WORDS and context:
            text = f"{context[-2 if len(context) > 1 else -1][:SCANNED_CHARACTERS]}\n{text}"
            reading = read(text)
        signals = signals_of(reading.text)
        expected = self.gains.expect(reading)
        domain = self.domains.domain_of(reading, text)
        known = expected.known * self._trust(domain) * min(reading.size / ENOUGH_WORDS, 1.0)
        gain = known * expected.gain + (1 - known) * prior_gain(signals, reading.size)
        score = self.score_of(gain)
        return Assessment(
            score,
            gain,
            domain,
            self._reasons(reading, signals, domain, known, expected.deviations) or (_plainly(score),),
        )

    def _trust(self, domain: str | None) -> float:
        """0..1: how far the tables can be believed, by whether questions of the domain were there to fit to."""
        if domain is None:
            return TRUST_UNKNOWN
        return 1.0 if domain in self.measured else TRUST_ELSEWHERE

    def score_of(self, gain: float) -> float:
        """The rank of a gain among those of the reference questions, linear between their steps, to 3 decimals."""
        steps = len(self.quantiles) - 1
        after = bisect_right(self.quantiles, gain)
        if after == 0 or after > steps:
            return float(after > 0)
        low, high = self.quantiles[after - 1], self.quantiles[after]
        return round((after - 1 + (gain - low) / (high - low)) / steps, 3)

    def _reasons(
        self,
        reading: Reading,
        signals: Sequence[Signal],
        domain: str | None,
        known: float,
        deviations: Mapping[str, float],
    ) -> tuple[str, ...]:
        named = [(signal.weight, signal.reason) for signal in signals]
        if reading.size >= LONG_WORDS / 5:
            named.append((LENGTH_WEIGHT * min(reading.size / LONG_WORDS, 1.0), f"{reading.size} words long"))
        if domain is not None and domain in self.measured:
            points = round(100 * self.measured[domain])
            named.append((known, f"about {domain}, where the large model was right on {points} more of 100 questions"))
        if known >= TRUST_UNKNOWN:
            named += self._figure_reasons(deviations)
        return tuple(reason for _, reason in sorted(named, key=lambda pair: -pair[0])[:MOST_REASONS])

    def _figure_reasons(self, deviations: Mapping[str, float]) -> list[tuple[float, str]]:
        """How it is written, where that speaks clearly for the large model."""
        rows = self.gains.figures
        leans = [(deviations[figure.name], rows[figure.name], figure.reason) for figure in FIGURES]
        return [
            (deviation * (row.large - row.small), reason)
            for deviation, row, reason in leans
            if deviation >= CLEAR_DEVIATION and deviation * (row.large - row.small) >= LEAST_LEAN
        ]


def _plainly(score: float) -> str:
    """The reason of a question that nothing stands out in."""
    if score < HARDER_HALF:
        return "short and plain"
    return f"{(1 - score) * 100:.0f} in 100 usual questions gain more from the large model"


def parse_complexity(text: str) -> ComplexityModel:
    """The model in a data file. Raises ValueError for one of another format."""
    table = orjson.loads(text)
    if table["format"] != TABLE_FORMAT:
        raise ValueError(f"expected a table of format {TABLE_FORMAT}, found {table['format']}")
    figures = {name: FigureRow(*row) for name, row in table["figures"].items()}
    words = {word: (idf, large, small) for word, (idf, large, small) in table["words"].items()}
    gains = GainModel((table["bias"][0], table["bias"][1]), figures, words)
    return ComplexityModel(
        gains, DomainTable(tuple(table["domains"]), table["domain_words"]), table["measured"], tuple(table["quantiles"])
    )


def prior_gain(signals: Sequence[Signal], words: int) -> float:
    """By hand: what asks for reasoning, design, mathematics or much at once gains more, and so does what is long."""
    length = min(words / LONG_WORDS, 1.0) * LENGTH_WEIGHT
    return PRIOR_GAIN + PRIOR_RANGE * min(sum(signal.weight for signal in signals) + length, 1.0)


class ComplexityRouter:
    """Picks the tier. large_share: the share of questions, 0..1, that may go to the large model.

    calibration: what own traffic has taught, as it is now.
    """

    def __init__(
        self,
        model: ComplexityModel,
        *,
        large_share: float,
        calibration: Callable[[], Calibration] = lambda: UNCALIBRATED,
    ) -> None:
        self._assess = Remembered(model.assess)
        self._large_share = large_share
        self._calibration = calibration

    def route(
        self,
        message: str,
        context: Sequence[str] = (),
        *,
        priority: str = "normal",
        large_share: float | None = None,
    ) -> Complexity:
        """large_share: the user's own, None for the deployment's."""
        assessment = self._assess(message, context)
        rank = self._calibration().rank(assessment.domain, assessment.score)
        usual = self._large_share if large_share is None else large_share
        share = raised(usual, priority)
        large = rank >= 1 - share and share > 0
        reasons = assessment.reasons
        if large and not rank >= 1 - usual:
            reasons = (f"{priority} priority", *reasons)
        return Complexity(assessment.score, assessment.domain, rank, "large" if large else "small", reasons)


def raised(large_share: float, priority: str) -> float:
    """The share for a question of this priority. Where nothing may go to the large model, nothing does."""
    return large_share + (1 - large_share) * PRIORITY_RAISE[priority] if large_share > 0 else 0.0


def reasoning_effort(score: float, accepted: Sequence[str]) -> str | None:
    """The vendor's reasoning_effort for a complexity, None where the model takes none."""
    if not accepted:
        return None
    return "low" if score < 0.25 else "medium" if score < 0.6 else "high"
