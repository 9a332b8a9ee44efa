"""Memory of a worker: idle, and whether it grows over 200,000 requests."""

import asyncio
from statistics import linear_regression

from benchmark.aether import Account, Aether
from benchmark.bench import Bench
from benchmark.clients.connection import Connection, post
from benchmark.errors import BenchmarkError
from benchmark.results import Scenario, figure
from benchmark.scenarios.uncached import PATH, USERS

NAME = "memory"
IDLE_S = 3.0
REQUESTS, STEP = 200_000, 20_000
WARM_UP_STEPS = 2
CONNECTIONS = 64
KNOWN_QUESTIONS = 50


async def measure(bench: Bench) -> Scenario:
    """Every other question is one of a few that are known already."""
    async with bench.aether() as aether:
        await aether.sign_up(1)
        await asyncio.sleep(IDLE_S)
        idle = aether.memory()[0].pss / 1e6
        sizes = []
        for step in range(REQUESTS // STEP):
            sizes.append(await after_step(aether, step))
            bench.say(f"{(step + 1) * STEP:,} requests: {sizes[-1]:.0f} MB")
    later = sizes[WARM_UP_STEPS:]
    slope = linear_regression(range(len(later)), later).slope * (100_000 / STEP)
    course = ", ".join(f"{size:.0f}" for size in sizes)
    return Scenario(
        NAME,
        (
            figure(NAME, "idle worker", [idle], "MB", "PSS, after a sign-up"),
            figure(NAME, "growth over 100,000 requests", [slope], "MB", f"PSS after each {STEP:,}: {course} MB"),
        ),
    )


async def after_step(aether: Aether, step: int) -> float:
    """MB of PSS once STEP more requests are answered. Access tokens last ten minutes, so each step has its own."""
    accounts = await aether.sign_up(USERS)
    each = STEP // CONNECTIONS
    await asyncio.gather(
        *(
            ask(aether.url, accounts[number % USERS], (step * CONNECTIONS + number) * each, each)
            for number in range(CONNECTIONS)
        )
    )
    await asyncio.sleep(IDLE_S)
    return aether.memory()[0].pss / 1e6


async def ask(url: str, account: Account, first: int, times: int) -> None:
    """So many questions, one after another on one connection; every other one is known."""
    connection = await Connection.open(url)
    for number in range(first, first + times):
        known = number % 2
        text = f"What is known about matter {number % KNOWN_QUESTIONS}?" if known else f"What is new in case {number}?"
        answer = await connection.ask(post(PATH, {"message": text}, account.token))
        if answer.status != 200:
            raise BenchmarkError(f"{answer.status}: {answer.body[:300]!r}")
    connection.close()
