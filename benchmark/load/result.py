"""What came of a load."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from benchmark.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Load:
    """answers: all that came, refusals too. refusals: of those, answers but 2xx and 3xx. broken: connections that
    failed, and answers that did not come in time. Latencies in seconds.
    """

    answers: int
    refusals: int
    broken: int
    seconds: float
    p50_s: float
    p99_s: float

    @property
    def errors(self) -> int:
        return self.refusals + self.broken

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def read_report(output: str) -> Load:
    """From the last line of wrk's output, which the script load.lua writes. Raises BenchmarkError."""
    try:
        report: Mapping[str, Any] = orjson.loads(output.strip().rpartition("\n")[2])
        return Load(**report)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise BenchmarkError(f"wrk said nothing that can be read: {output[-500:]}") from error
