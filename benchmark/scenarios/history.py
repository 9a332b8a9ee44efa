"""Reads over histories of three sizes, each over HTTP against one worker with the embedded databases as they are."""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from statistics import median

from backend.services.scalable_database.explain import Explanation
from benchmark.bench import Bench
from benchmark.errors import BenchmarkError
from benchmark.history.callers import mongo_url, sign_in
from benchmark.history.calls import Call, all_calls, is_judged
from benchmark.history.kept import DATABASE, kept_history
from benchmark.history.plans import plans, scanning
from benchmark.history.rollups import store
from benchmark.history.timing import Timer, Times
from benchmark.results import Row, Scenario, figure
from benchmark.targets import BEYOND

NAME = "history"
SIZES = (10_000, 300_000, 3_000_000)
REQUESTS = 200
"""Of each call, over all rounds; fewer where they take longer than the seconds of all rounds."""


@dataclass(frozen=True, slots=True)
class Sized:
    """What was measured over one history."""

    messages: int
    times: dict[str, tuple[Call, Times]]
    plans: list[Explanation]


async def measure(bench: Bench) -> Scenario:
    """p95 of each call at the largest size; how that compares with the smallest; plans that scan or sort."""
    sized = [await _measure(bench, size) for size in SIZES]
    largest = sized[-1]
    rows = [row for title in largest.times for row in _rows(title, sized)]
    bad = scanning(largest.plans)
    names = ", ".join(f"{plan.query} {'; '.join(plan.faults)}" for plan in bad)
    note = f"of {len(largest.plans)} named queries at {largest.messages:,}" + (f": {names}" if names else "")
    rows.append(figure(NAME, "plans with a COLLSCAN or an in-memory sort", [len(bad)], "", note))
    return Scenario(NAME, tuple(rows))


async def _measure(bench: Bench, size: int) -> Sized:
    os.sched_setaffinity(0, bench.cores.all)
    kept = await kept_history(size, datetime.now(UTC).date(), bench.say)
    os.sched_setaffinity(0, bench.cores.rest)
    bench.say(f"{size:,} messages, {kept.counts['ai_usage']:,} usage records")
    async with bench.aether(data_dir=kept.folder, AETHER_LIMIT_SEARCH="off") as aether:
        await store(mongo_url(aether.data_dir), DATABASE, time.time())
        callers = await sign_in(aether, kept.extent)
        calls = await all_calls(aether, callers)
        timer = Timer(aether.url, aether.workers)
        try:
            times = {call.title: (call, await _time(bench, timer, call)) for call in calls}
        finally:
            timer.close()
        found = await plans(mongo_url(aether.data_dir)) if size == SIZES[-1] else []
    return Sized(size, times, found)


async def _time(bench: Bench, timer: Timer, call: Call) -> Times:
    requests = ceil(REQUESTS / bench.runs)
    try:
        times = await asyncio.to_thread(timer.measure, call, bench.runs, requests, bench.seconds)
    except BenchmarkError as error:  # a disk that stands still for seconds: the whole call is measured again
        bench.say(str(error))
        times = await asyncio.to_thread(timer.measure, call, bench.runs, requests, bench.seconds)
    bench.say(
        f"{call.title}: p50 {times.p50_ms:.1f} ms, p95 {median(times.p95_ms):.1f} ms, first {times.first_ms:.1f} ms, "
        f"worker {times.cpu_ms:.1f} ms of CPU, {times.size:,} bytes"
    )
    return times


def _rows(title: str, sized: list[Sized]) -> list[Row]:
    """p95 at the largest size, with the other sizes in its note; where growth is judged that too."""
    call, largest = sized[-1].times[title]
    others = "; ".join(f"{one.messages:,}: p95 {median(one.times[title][1].p95_ms):.1f}" for one in sized[:-1])
    note = (
        f"p50 {largest.p50_ms:.1f} ms, {largest.cpu_ms:.1f} ms of the worker's CPU, first request "
        f"{largest.first_ms:.1f} ms; {others} ms"
    )
    rows = [figure(NAME, f"{title}, p95", largest.p95_ms, "ms", note)]
    if is_judged(call):
        smallest = median(sized[0].times[title][1].p95_ms)
        beyond = [max(0.0, value - 1.5 * smallest) for value in largest.p95_ms]
        rows.append(figure(NAME, f"{title}, {BEYOND}", beyond, "ms"))
    return rows
