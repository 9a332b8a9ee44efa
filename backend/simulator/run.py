"""One call being answered: its tokens, its pace, its fault, and how they go out."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from backend.simulator.breaks import BREAKS_IN_STREAM, BREAKS_OF_WHOLE, hang
from backend.simulator.chat_request import ChatCall
from backend.simulator.connection import Connection
from backend.simulator.faults import Fault
from backend.simulator.gate import Gate
from backend.simulator.pacing import Pacer
from backend.simulator.wire import DONE, Identity, StreamEvents, Usage, completion

JSON_TYPE, EVENTS_TYPE = "application/json", "text/event-stream; charset=utf-8"


@dataclass(slots=True)
class Run:
    """One call that is being answered. reasoning and content: the tokens that max_tokens leaves, in this order.

    pacer: every token is replaced by the instant at which it goes out.
    """

    call: ChatCall
    reply: Connection
    identity: Identity
    fault: Fault | None
    cached: int
    reasoning: tuple[str, ...]
    content: tuple[str, ...]
    finish_reason: str
    headers: dict[str, str]
    clock: Callable[[], float]
    ttft: float
    rate: float
    pacer: Pacer | None = None
    started: float = field(init=False)
    first_at: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def size(self) -> int:
        return len(self.reasoning) + len(self.content)

    @property
    def immediate(self) -> bool:
        """Nothing to wait for: neither a pace nor a fault."""
        return self.fault is None and not self.ttft and not self.rate

    async def until(self, index: int) -> None:
        """Waits until the token with this index is due."""
        due = self.started + self.ttft + (index / self.rate if self.rate else 0.0)
        if (wait := due - self.clock()) > 0:
            await asyncio.sleep(wait)
        self.first_at = self.first_at or self.clock()

    def usage(self) -> Usage:
        first_at = self.first_at or self.started
        return Usage(
            self.call.prompt_tokens,
            self.cached,
            self.size,
            len(self.reasoning),
            queue_s=0.0001,
            prompt_s=round(first_at - self.started, 6),
            completion_s=round(self.clock() - first_at, 6),
        )

    def body(self) -> bytes:
        texts = "".join(self.content), "".join(self.reasoning)
        return completion(self.identity, *texts, self.finish_reason, self.usage())

    def events(self, events: StreamEvents) -> Iterator[bytes]:
        yield from map(events.reasoning, self.reasoning)
        yield from map(events.content, self.content if self.pacer is None else map(_stamp, self.content))

    def ending(self, events: StreamEvents) -> list[bytes]:
        usage = self.usage()
        extra = [events.usage_only(usage)] if self.call.include_usage else []
        return [events.last(self.finish_reason, usage), *extra, DONE]

    def answer_at_once(self) -> None:
        if not self.call.stream:
            self._send_whole()
            return
        events = StreamEvents(self.identity)
        self._begin(events)
        self.reply.write_all([*self.events(events), *self.ending(events)])
        self.reply.finish()

    async def answer(self, gate: Gate) -> bool:
        """At its pace and with its fault; True when the answer went out whole."""
        match self.fault and self.fault.name:
            case "hang":
                return await hang()
            case "refuse":
                self.reply.reset()
                return False
            case "wrong-content-type":
                self.reply.send(200, {"content-type": "text/html"}, b"<html><body>Please wait.</body></html>")
                return False
        if not self.call.stream:
            return await self._whole(gate)
        return await (self._stream(gate) if self.fault or not (self.pacer and self.rate) else self._play(self.pacer))

    async def _whole(self, gate: Gate) -> bool:
        await self.until(self.size)
        await gate.passage(self.call.question, None)
        if self.fault and (break_whole := BREAKS_OF_WHOLE.get(self.fault.name)):
            return await break_whole(self.reply, self.body())
        self._send_whole()
        return True

    async def _stream(self, gate: Gate) -> bool:
        events = StreamEvents(self.identity)
        breaks = BREAKS_IN_STREAM.get(self.fault.name) if self.fault else None
        await self.until(0)
        self._begin(events)
        whole = self.fault.after if self.fault and breaks else self.size
        for index, event in enumerate(islice(self.events(events), whole)):
            await gate.passage(self.call.question, index)
            await self.until(index)
            self.reply.write(event)
            await self.reply.drain()
        if breaks:
            return await breaks(self.reply, events)
        self.reply.write_all(self.ending(events))
        self.reply.finish()
        return True

    async def _play(self, pacer: Pacer) -> bool:
        events = StreamEvents(self.identity)
        await self.until(0)
        self._begin(events)
        await pacer.play(self.events(events), self.reply.write, self.clock(), self.rate)
        self.reply.write_all(self.ending(events))
        self.reply.finish()
        return True

    def _send_whole(self) -> None:
        self.reply.send(200, {"content-type": JSON_TYPE, **self.headers}, self.body())

    def _begin(self, events: StreamEvents) -> None:
        self.reply.begin(200, {"content-type": EVENTS_TYPE, **self.headers})
        self.reply.write(events.first())


def _stamp(_: str) -> str:
    """Nanoseconds of the clock that all processes of a machine share."""
    return f"{time.monotonic_ns()} "
