"""What is to be reached: one row a figure that has a target. Other figures only inform."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """The median of a figure is to be at most, or at least, the limit."""

    scenario: str
    name: str
    bound: Literal["at most", "at least"]
    limit: float
    unit: str

    def met_by(self, value: float) -> bool:
        return value <= self.limit if self.bound == "at most" else value >= self.limit

    @property
    def text(self) -> str:
        sign = "≤" if self.bound == "at most" else "≥"
        return f"{sign} {self.limit:,.10g} {self.unit}".strip()


HISTORY_P95_MS = {
    "conversation list, first page": 5,
    "conversation list, page in the middle": 5,
    "message page, newest": 5,
    "message page, in the middle": 5,
    "search, rare word": 30,
    "search, most common word, titles": 30,
    "search, most common word, messages": 30,
    "search, two common words, messages": 30,
    "search, rare and common word": 30,
    "30-day analytics": 20,
}
DASHBOARDS = ("dashboard, 1h, administrator", "dashboard, 30d, administrator")
BEYOND = "beyond 1.5 x the smallest history's"
HISTORY = (
    *(
        Target("history", f"{call}, {who} user, p95", "at most", limit, "ms")
        for who in ("heaviest", "median")
        for call, limit in HISTORY_P95_MS.items()
    ),
    *(Target("history", f"{call}, p95", "at most", 50, "ms") for call in DASHBOARDS),
    *(Target("history", f"{call}, heaviest user, {BEYOND}", "at most", 2, "ms") for call in HISTORY_P95_MS),
    *(Target("history", f"{call}, {BEYOND}", "at most", 2, "ms") for call in DASHBOARDS),
    Target("history", "plans with a COLLSCAN or an in-memory sort", "at most", 0, ""),
)
"""p95 at 3,000,000 messages and usage records, and what it exceeds 1.5 times that at 10,000 by, in ms."""

TARGETS = (
    Target("uncached", "Aether, CPU per request", "at most", 600, "us"),
    Target("uncached", "Aether to Portkey", "at least", 4, "x"),
    Target("uncached", "Aether to LiteLLM", "at least", 25, "x"),
    Target("uncached", "Aether to TensorZero", "at least", 0.4, "x"),
    Target("cached", "Aether to a bare FastAPI route", "at least", 0.5, "x"),
    Target("latency", "added by Aether, p50", "at most", 4, "ms"),
    Target("latency", "added by Aether, p99", "at most", 15, "ms"),
    Target("streaming", "delay added to a token, p99, 1,000 streams", "at most", 20, "ms"),
    Target("streaming", "tokens relayed by a core, flat out", "at least", 30_000, "tokens/s"),
    Target("streaming", "memory of an open stream", "at most", 60, "KB"),
    Target("team", "wall beyond 1.05 x (slowest agent + synthesis)", "at most", 10, "ms"),
    Target("monitoring", "share of a request's CPU", "at most", 2, "%"),
    Target("workers", "2 workers to 1", "at least", 1.8, "x"),
    Target("memory", "idle worker", "at most", 130, "MB"),
    *HISTORY,
    Target("cold_start", "second start to the first answer", "at most", 5, "s"),
    Target("connected", "errors of 5,000 connected users", "at most", 0.1, "%"),
    Target("connected", "overhead of 5,000 connected users, p99", "at most", 100, "ms"),
)
_BY_NAME = {(target.scenario, target.name): target for target in TARGETS}


def target_of(scenario: str, name: str) -> Target | None:
    return _BY_NAME.get((scenario, name))
