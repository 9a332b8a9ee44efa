"""What one worker has measured of itself, as the dashboard reads it: a month by days, a day by hours, an hour."""

from random import Random
from typing import Any

from pymongo import AsyncMongoClient

from backend.domain.agents import AGENTS, SYNTHESIZER
from backend.domain.models import ModelCatalogue
from backend.services.performance_monitor.figures import Figures, Key, Series
from backend.services.performance_monitor.rollups import LEVELS, Document, Level, instant
from backend.services.repositories.metrics import COLLECTION

WORKER = "history"
DIFFERENT = 5
"""Spans, one after another, before they repeat themselves."""
SAMPLES = 60
"""Of each distribution in each span: more of them change its buckets little."""
ROUTES = 30
COMMANDS = ("find", "aggregate", "insert", "update", "getMore", "commitTransaction", "delete", "findAndModify")
COLLECTIONS = ("users", "conversations", "messages", "ai_usage", "usage_daily", "metrics")
OPERATIONS = ("chat", "quick", "team", "stream", "routing", "turn_log", "cache", "sign_in")
LAYERS = ("l1", "l2", "l3", "coalesced", "miss")


def documents(now: float, seed: int = 1) -> list[Document]:
    """now: seconds since the epoch; the spans under way are left to the worker that runs."""
    rng = Random(seed)  # noqa: S311 - no secret: the same figures for everybody
    measured = [figures(rng).encode() for _ in range(DIFFERENT)]
    return [
        _document(level, start, measured[number % DIFFERENT])
        for level in LEVELS
        for number, start in enumerate(range(level.span(now - level.kept_s), level.span(now), level.seconds))
    ]


def figures(rng: Random) -> Figures:
    """Of one span: as many series as a server in use has."""
    found = Figures()
    timed: list[Key] = [
        *(("request", f"/api/route/{number}", ("GET", "POST")[number % 2]) for number in range(ROUTES)),
        *(("database", command, collection) for command in COMMANDS for collection in COLLECTIONS),
        *(("operation", name) for name in OPERATIONS),
    ]
    for key in timed:
        _observe(rng, found.of(key), "seconds", 0.01)
        found.of(key).count("200" if key[0] == "request" else "ok", SAMPLES)
    for model in ModelCatalogue().serving:
        for agent in (*AGENTS, SYNTHESIZER):
            _call(rng, found.of(("ai", model.id, agent.id)))
    for number, layer in enumerate(LAYERS):
        found.of(("cache",)).count(layer, 100 * number + 1)
    for name in ("cpu", "memory", "disk"):
        _observe(rng, found.of(("system", "host")), name, 0.2)
    return found


def _call(rng: Random, series: Series) -> None:
    for name, amount in (("calls", 1), ("ok", 1), ("prompt", 400), ("completion", 90), ("cost", 60_000_000)):
        series.count(name, amount * SAMPLES)
    _observe(rng, series, "seconds", 0.8)
    _observe(rng, series, "ttft", 0.2)


def _observe(rng: Random, series: Series, name: str, middle: float) -> None:
    for _ in range(SAMPLES):
        series.observe(name, middle * rng.lognormvariate(0, 0.8))


def _document(level: Level, start: int, series: list[dict[str, Any]]) -> Document:
    return {
        "_id": f"{WORKER}:{level.name}:{start}",
        "worker": WORKER,
        "level": level.name,
        "bucket": instant(start),
        "expires_at": instant(start + level.stored_s),
        "status": {},
        "series": series,
    }


async def store(url: str, name: str, now: float) -> int:
    """Instead of what any worker has written into this database before; how many documents."""
    async with AsyncMongoClient[Document](url) as client:
        metrics = client.get_database(name).get_collection(COLLECTION)
        await metrics.delete_many({})
        found = documents(now)
        await metrics.insert_many(found)
    return len(found)
