"""chat/stream: a thousand paced streams on one worker, and long answers as quickly as they can be relayed."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.aether import Aether, tokens_of
from benchmark.bench import Bench
from benchmark.clients.connection import Connection, post
from benchmark.clients.events import TokenMeter
from benchmark.errors import BenchmarkError
from benchmark.load.generator import percentile
from benchmark.processes import cpu_seconds
from benchmark.results import Row, Scenario, figure
from benchmark.simulator import SimulatorOptions

NAME = "streaming"
PATH = "/api/ai/v4/chat/stream"
USERS = 20
STREAMS, FEWER, TOKENS_PER_SECOND = 1_000, 400, 20
OPENING_AT_ONCE, OPENING_PAUSE_S = 32, 0.004
SETTLING_S, LEAVING_S = 2.0, 6.0
LONGEST_SETTLING = 15
PACED_TOKENS = 3_000
"""More than are read: readers leave when enough is measured."""
GRACE = "1"
"""Seconds after which a stream without a reader is stopped."""
RUNS = 3
"""At most: each takes a minute."""
FLAT_OUT_STREAMS, FLAT_OUT_TOKENS = 64, 2_000
PLACES = "5000"
"""Requests in flight: the default is as many as there are streams here."""
DEADLINE = "600"
"""Seconds: streams are open until the last one has begun and all are measured."""


@dataclass(slots=True)
class Streams:
    """Open streams and what has come of them. tokens: bearer tokens, none for the bare upstream."""

    url: str
    path: str
    tokens: Sequence[str] = ()
    delays: list[float] = field(default_factory=list)
    meters: list[TokenMeter] = field(default_factory=list)
    answers: "list[asyncio.Task[object]]" = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    async def open(self, count: int, pause_s: float = 0.0, at_once: int | None = None) -> None:
        """Each with a question of its own, with a pause between. at_once: how many may wait for their first token."""
        self.connections = [await Connection.open(self.url) for _ in range(count)]
        word = secrets.token_hex(4)
        for number, connection in enumerate(self.connections):
            meter = TokenMeter(self.delays)
            token = self.tokens[number % len(self.tokens)] if self.tokens else "upstream"
            request = post(self.path, self._question(f"Tell me all about {word} number {number}"), token)
            self.meters.append(meter)
            self.answers.append(asyncio.create_task(connection.ask(request, meter)))
            await asyncio.sleep(pause_s)
            while at_once and self._waiting(4 * at_once) >= at_once:  # noqa: ASYNC110 - the server begins them
                await asyncio.sleep(OPENING_PAUSE_S)
        for _ in range(LONGEST_SETTLING if at_once else 0):
            if not self._waiting(count):
                return
            await asyncio.sleep(SETTLING_S)

    def leave(self) -> None:
        """Before the answers end; raises BenchmarkError where one has ended, or not begun."""
        pairs = zip(self.meters, self.answers, strict=True)
        broken = [meter for meter, answer in pairs if answer.done() or not meter.tokens]
        for answer, connection in zip(self.answers, self.connections, strict=True):
            answer.cancel()
            connection.close()
        if broken:
            raise BenchmarkError(f"{len(broken)} of {len(self.meters)} streams broke off: {broken[0].tail[:300]}")

    def _waiting(self, most: int) -> int:
        """For their first token, of the last ones that were opened."""
        last = slice(-most, None)
        pairs = zip(self.meters[last], self.answers[last], strict=True)
        return sum(not meter.tokens and not answer.done() for meter, answer in pairs)

    @property
    def received(self) -> int:
        return sum(meter.tokens for meter in self.meters)

    async def end(self, tokens: int) -> None:
        """Waits for all; raises BenchmarkError where one is not whole."""
        await asyncio.gather(*self.answers)
        for connection in self.connections:
            connection.close()
        if broken := [meter for meter in self.meters if meter.tokens != tokens]:
            raise BenchmarkError(f"{len(broken)} of {len(self.meters)} streams were not whole: {broken[0].tail[:300]}")

    def _question(self, text: str) -> dict[str, object]:
        if self.tokens:
            return {"message": text}
        return {"model": "openai/gpt-oss-20b", "stream": True, "messages": [{"role": "user", "content": text}]}


@dataclass(slots=True)
class Paced:
    """Of one run. Milliseconds, microseconds of CPU time a token, KB."""

    p50: list[float] = field(default_factory=list)
    fewer_p99: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    bare_p99: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    memory_kb: list[float] = field(default_factory=list)


async def measure(bench: Bench) -> Scenario:
    return Scenario(NAME, (*await paced(bench), *await flat_out(bench)))


async def paced(bench: Bench) -> list[Row]:
    found = Paced()
    async with (
        bench.simulator(stamped(PACED_TOKENS, TOKENS_PER_SECOND)) as simulator,
        bench.aether(
            1, simulator, AETHER_MAX_IN_FLIGHT=PLACES, AETHER_STREAM_GRACE=GRACE, AETHER_DEADLINE=DEADLINE
        ) as aether,
    ):
        tokens = tokens_of(await aether.sign_up(USERS))
        await delays_of(bench, Streams(aether.url, PATH, tokens), 100)
        for _ in range(min(RUNS, bench.runs)):
            await paced_run(bench, aether, tokens, found)
            fewer = await delays_of(bench, Streams(aether.url, PATH, tokens), FEWER)
            bare = await delays_of(bench, Streams(simulator.url, "/openai/v1/chat/completions"), STREAMS)
            found.fewer_p99.append(percentile(fewer, 0.99))
            found.bare_p99.append(percentile(bare, 0.99))
            bench.say(
                f"p99 {found.p99[-1]:.1f} ms, {FEWER}: {found.fewer_p99[-1]:.1f}, bare {found.bare_p99[-1]:.1f} ms"
            )
    measured = "from the upstream's write to the client's read; the bare upstream's own is below"
    return [
        figure(NAME, "delay added to a token, p99, 1,000 streams", found.p99, "ms", measured),
        figure(NAME, "the same, p50", found.p50, "ms"),
        figure(NAME, f"the same, p99, {FEWER} streams", found.fewer_p99, "ms"),
        figure(NAME, "the bare upstream to the same client, p99", found.bare_p99, "ms"),
        figure(NAME, "CPU of a token, 1,000 streams", found.cpu_us, "us"),
        figure(NAME, "memory of an open stream", found.memory_kb, "KB", "PSS with 1,000 open streams less that before"),
    ]


async def paced_run(bench: Bench, aether: Aether, tokens: Sequence[str], found: Paced) -> None:
    before = aether.memory()[0].pss
    streams = Streams(aether.url, PATH, tokens)
    await streams.open(STREAMS, OPENING_PAUSE_S, OPENING_AT_ONCE)
    await asyncio.sleep(SETTLING_S)
    streams.delays.clear()
    received, cpu = streams.received, aether.cpu_seconds()
    await asyncio.sleep(bench.seconds)
    cpu, received = aether.cpu_seconds() - cpu, streams.received - received
    found.memory_kb.append((aether.memory()[0].pss - before) / STREAMS / 1000)
    delays = sorted(streams.delays)
    found.p50.append(percentile(delays, 0.5))
    found.p99.append(percentile(delays, 0.99))
    found.cpu_us.append(cpu / received * 1e6)
    streams.leave()
    await asyncio.sleep(LEAVING_S)


async def delays_of(bench: Bench, streams: Streams, count: int) -> list[float]:
    """Milliseconds, ascending."""
    await streams.open(count, OPENING_PAUSE_S, OPENING_AT_ONCE)
    await asyncio.sleep(SETTLING_S)
    streams.delays.clear()
    await asyncio.sleep(bench.seconds)
    delays = sorted(streams.delays)
    streams.leave()
    await asyncio.sleep(LEAVING_S)
    return delays


async def flat_out(bench: Bench) -> list[Row]:
    per_core: list[float] = []
    per_second: list[float] = []
    async with bench.aether(1, stamped(FLAT_OUT_TOKENS), AETHER_MAX_IN_FLIGHT=PLACES) as aether:
        tokens = tokens_of(await aether.sign_up(USERS))
        await relay_at_once(aether, tokens, FLAT_OUT_STREAMS, FLAT_OUT_TOKENS)
        for _ in range(bench.runs):
            cpu_s, wall_s = await relay_at_once(aether, tokens, FLAT_OUT_STREAMS, FLAT_OUT_TOKENS)
            per_core.append(FLAT_OUT_STREAMS * FLAT_OUT_TOKENS / cpu_s)
            per_second.append(FLAT_OUT_STREAMS * FLAT_OUT_TOKENS / wall_s)
    note = f"{FLAT_OUT_STREAMS} answers of {FLAT_OUT_TOKENS:,} tokens at once, per second of the worker's CPU time"
    return [
        figure(NAME, "tokens relayed by a core, flat out", per_core, "tokens/s", note),
        figure(NAME, "the same per second of the clock", per_second, "tokens/s", "upstream and client share a core"),
    ]


async def relay_at_once(aether: Aether, tokens: Sequence[str], streams: int, length: int) -> tuple[float, float]:
    """(seconds of the worker's CPU time, seconds of the clock) for whole answers of `length` tokens."""
    loop = asyncio.get_running_loop()
    opened = Streams(aether.url, PATH, tokens)
    cpu, started = cpu_seconds(aether.workers), loop.time()
    await opened.open(streams)
    await opened.end(length)
    return cpu_seconds(aether.workers) - cpu, loop.time() - started


def stamped(tokens: int, tokens_per_second: float = 0.0) -> SimulatorOptions:
    """Every token is the instant of its sending."""
    return SimulatorOptions(fast=True, tokens_per_second=tokens_per_second, arguments=("--stamped-tokens", str(tokens)))
