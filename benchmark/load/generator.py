"""A load generator on bare sockets: for machines without wrk, and for slow servers, whose last answers it awaits."""

import asyncio
import math
import time
from collections.abc import Iterator
from itertools import count

from benchmark.errors import BenchmarkError
from benchmark.load.requests import Requests
from benchmark.load.result import Load

ANSWER_S = 10.0
"""How long is waited, after the time is up, for answers that are still owed."""
END_OF_HEAD = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One request at a time, the next one as soon as the answer is there, until the deadline (of the loop's clock)."""

    def __init__(self, requests: Requests, numbers: Iterator[int], deadline: float) -> None:
        self._requests = requests
        self._numbers = numbers
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._sent = 0.0
        self.latencies: list[float] = []
        self.refusals = 0
        self.broken = 0
        self.done: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if complete(self._received):
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.broken += 1
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        transport = self._transport
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - what TCP has; for the type checker
        transport.write(self._requests.encoded(next(self._numbers)))

    def _answered(self) -> None:
        self.latencies.append(time.perf_counter() - self._sent)
        self.refusals += bytes(self._received[9:10]) not in (b"2", b"3")
        self._received.clear()
        if self._loop.time() < self._deadline:
            self._send()
        else:
            self.done.set_result(None)
            self._transport.close()


def complete(received: bytes | bytearray) -> bool:
    """Whether a whole answer is there. Raises BenchmarkError where its head does not say how long it is."""
    head, end, body = bytes(received).partition(END_OF_HEAD)
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
        if line.startswith(b"transfer-encoding:") and line.endswith(b"chunked"):
            return body.endswith(LAST_CHUNK)
    raise BenchmarkError(f"An answer does not say how long it is: {head[:200]!r}")


async def generate(requests: Requests, connections: int, seconds: float) -> Load:
    """Offers requests on so many connections for so long, and until the last answer: each that is asked for counts."""
    loop = asyncio.get_running_loop()
    numbers, deadline, begun = count(), loop.time() + seconds, time.perf_counter()
    opened: list[Connection] = []
    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: Connection(requests, numbers, deadline), *requests.address)
        opened.append(connection)
    _, waiting = await asyncio.wait([one.done for one in opened], timeout=seconds + ANSWER_S)
    latencies = sorted(latency for one in opened for latency in one.latencies)
    return Load(
        answers=len(latencies),
        refusals=sum(one.refusals for one in opened),
        broken=sum(one.broken for one in opened) + len(waiting),
        seconds=time.perf_counter() - begun,
        p50_s=percentile(latencies, 0.5),
        p99_s=percentile(latencies, 0.99),
    )


def percentile(ascending: list[float], share: float) -> float:
    """The least value that at least this share of them does not exceed; 0 of none."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)] if ascending else 0.0
