"""5,000 users who stay connected and ask every 30 seconds, each answered by a model that takes a second."""

import asyncio
import random
import resource
import time
from collections import Counter
from dataclasses import dataclass, field

import orjson

from benchmark.aether import Account, Aether
from benchmark.bench import Bench
from benchmark.clients.connection import Connection, get, post
from benchmark.load.generator import percentile
from benchmark.people import signed_in
from benchmark.results import Scenario, figure
from benchmark.simulator import SimulatorOptions

NAME = "connected"
PATH = "/api/ai/v4/chat/optimized"
USERS, LISTENERS = 5_000, 500
INTERVAL_S = 30.0
UPSTREAM_S = 1.0
QUESTIONS = 2
OPENING_PAUSE_S = 0.002
OPEN_FILES = 12_000
ANSWERED = "answered"


@dataclass(slots=True)
class Outcome:
    """latencies: of whole answers, in seconds. kinds: of all answers; what is not "answered" is a problem's code."""

    latencies: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def errors(self) -> float:
        """Percent."""
        asked = self.kinds.total()
        return 100 * (asked - self.kinds[ANSWERED]) / asked


async def measure(bench: Bench) -> Scenario:
    """One run of a minute: so many users are what takes long here."""
    allow_open_files()
    upstream = SimulatorOptions(fast=True, ttft_s=UPSTREAM_S)
    async with bench.aether(1, upstream) as aether:
        accounts = await signed_in(aether, USERS)
        bench.say(f"{len(accounts):,} users have signed in")
        cpu, started = aether.cpu_seconds(), time.monotonic()
        outcome = await everybody(aether, accounts)
        busy = (aether.cpu_seconds() - cpu) / (time.monotonic() - started)
        memory = aether.memory()[0].pss / 1e6
    latencies = sorted(outcome.latencies)
    beyond = [(percentile(latencies, share) - UPSTREAM_S) * 1e3 for share in (0.5, 0.99)]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in outcome.kinds.most_common())
    return Scenario(
        NAME,
        (
            figure(NAME, "errors of 5,000 connected users", [outcome.errors], "%", kinds),
            figure(NAME, "overhead of 5,000 connected users, p99", beyond[1:], "ms", "beyond the model's second"),
            figure(NAME, "the same, p50", beyond[:1], "ms"),
            figure(NAME, "core in use by the worker", [busy * 100], "%", f"{LISTENERS} also listen to /api/events"),
            figure(NAME, "memory of the worker", [memory], "MB", "PSS at the end"),
        ),
    )


async def everybody(aether: Aether, accounts: list[Account]) -> Outcome:
    outcome = Outcome()
    listening = [await listener(aether, account) for account in accounts[:LISTENERS]]
    begin = asyncio.get_running_loop().time() + len(accounts) * OPENING_PAUSE_S + 1.0
    users = []
    for account in accounts:
        connection = await Connection.open(aether.url)
        users.append(asyncio.create_task(user(connection, aether.url, account, begin, outcome)))
        await asyncio.sleep(OPENING_PAUSE_S)
    await asyncio.gather(*users)
    for task, connection in listening:
        connection.close()
        task.cancel()
    return outcome


async def listener(aether: Aether, account: Account) -> "tuple[asyncio.Task[object], Connection]":
    """Who has the page open: a stream of updates."""
    connection = await Connection.open(aether.url)
    listening = asyncio.create_task(connection.ask(get("/api/events", account.token), lambda _: None))
    return listening, connection


async def user(connection: Connection, url: str, account: Account, begin: float, outcome: Outcome) -> None:
    """Asks at a moment of its own within each interval, on one connection."""
    loop = asyncio.get_running_loop()
    moment = begin + random.uniform(0, INTERVAL_S)  # noqa: S311 - spreads questions, no secret
    for number in range(QUESTIONS):
        await asyncio.sleep(max(0.0, moment + number * INTERVAL_S - loop.time()))
        started = loop.time()
        try:
            answer = await connection.ask(post(PATH, question(account, number), account.token))
        except ConnectionError:
            outcome.kinds["connection ended"] += 1
            connection = await Connection.open(url)
            continue
        if answer.status == 200:
            outcome.kinds[ANSWERED] += 1
            outcome.latencies.append(loop.time() - started)
        else:
            outcome.kinds[str(orjson.loads(answer.body).get("code"))] += 1
    connection.close()


def question(account: Account, number: int) -> dict[str, object]:
    return {"message": f"What does {account.user_id} have to know for part {number}?"}


def allow_open_files() -> None:
    """Each user takes one here and one in the worker, which raises its own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(OPEN_FILES, hard)), hard))
