"""Requests one after another on one connection, each timed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from benchmark.errors import BenchmarkError
from benchmark.history.calls import Call
from benchmark.load.generator import percentile
from benchmark.processes import cpu_seconds

TIMEOUT_S = 60.0
FEWEST = 5
"""Requests of a round, however slow they are."""


@dataclass(frozen=True, slots=True)
class Times:
    """first_ms: of the first request after the server's start. cpu_ms: of the worker, a request. size: bytes sent.

    rounds: seconds of each request after the first one.
    """

    first_ms: float
    cpu_ms: float
    size: int
    rounds: tuple[tuple[float, ...], ...]

    @property
    def p95_ms(self) -> list[float]:
        """By round."""
        return [percentile(sorted(one), 0.95) * 1e3 for one in self.rounds]

    @property
    def p50_ms(self) -> float:
        return percentile(sorted(value for one in self.rounds for value in one), 0.5) * 1e3


class Timer:
    """Blocking: for a thread of its own. Answers may be compressed, as browsers ask."""

    def __init__(self, url: str, workers: Sequence[int]) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
        self._workers = workers

    def close(self) -> None:
        self._connection.close()

    def measure(self, call: Call, rounds: int, requests: int, seconds: float) -> Times:
        """seconds: after which a round of a slow call ends early. Raises BenchmarkError where an answer is not 200."""
        first, size = self._request(call)
        before = cpu_seconds(self._workers)
        found = tuple(self._round(call, requests, seconds) for _ in range(rounds))
        cpu_s = cpu_seconds(self._workers) - before
        return Times(first * 1e3, cpu_s / sum(map(len, found)) * 1e3, size, found)

    def _round(self, call: Call, requests: int, seconds: float) -> tuple[float, ...]:
        ends = time.perf_counter() + seconds
        times: list[float] = []
        while len(times) < requests and (time.perf_counter() < ends or len(times) < FEWEST):
            times.append(self._request(call)[0])
        return tuple(times)

    def _request(self, call: Call) -> tuple[float, int]:
        """Seconds and bytes."""
        headers = {"Authorization": f"Bearer {call.caller.token}", "Accept-Encoding": "gzip"}
        started = time.perf_counter()
        self._connection.request("GET", call.path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        taken = time.perf_counter() - started
        if answer.status != 200:
            raise BenchmarkError(f"{call.title}: {answer.status} {body[:300]!r}")
        return taken, len(body)
