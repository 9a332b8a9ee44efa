"""Answers as they arrive: runs a question in a task of its own and writes its events to the stream log.

The task outlives the connection that asked: it ends when the answer is complete, when the stream is cancelled, or
when nobody has read it for the grace period. Readers follow the log, so they may come, go and resume anywhere.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from backend.domain.conversations import Message, Turn
from backend.domain.ids import new_id
from backend.domain.replies import AgentResponse, ChatReply, TeamReply
from backend.domain.usage import TokenUsage, parse_usd
from backend.errors import AetherError, DeadlineExceeded, NotFound, UpstreamError
from backend.services.enhanced_ai_service.asking import Attempt
from backend.services.enhanced_ai_service.outcomes import encode, receipt_of
from backend.services.enhanced_ai_service.requests import AgentAsk, TeamAsk
from backend.services.enhanced_ai_service.single import AgentRun, SingleAgent
from backend.services.enhanced_ai_service.team import Team
from backend.services.enhanced_ai_service.team_run import TeamRun
from backend.services.limiter import Limiter
from backend.services.performance_cache import CachedAnswer
from backend.services.repositories.messages import MessageRepository
from backend.services.stream_log import StreamEvent, StreamLog, StreamWriter
from backend.services.tasks import TaskOwner

Run = AgentRun | TeamRun
Work = Callable[[], Coroutine[Any, Any, ChatReply | TeamReply]]


@dataclass(frozen=True, slots=True)
class OpenedStream:
    stream_id: str
    message_id: str


class Streams:
    """grace_s: seconds without a reader after which a stream is stopped."""

    def __init__(
        self,
        log: StreamLog,
        single: SingleAgent,
        team: Team,
        limiter: Limiter,
        messages: MessageRepository,
        tasks: TaskOwner,
        *,
        grace_s: float,
    ) -> None:
        self.log = log
        self._single = single
        self._team = team
        self._limiter = limiter
        self._messages = messages
        self._tasks = tasks
        self._grace_s = grace_s

    async def open(self, ask: AgentAsk) -> OpenedStream:
        """A stream that has its first token. Raises what came instead of one."""
        run = await self._single.prepare(ask)
        stream_id = new_id("str")
        writer = self.log.create(ask.user_id, stream_id)
        writer.append("metadata", encode(metadata(stream_id, run)))
        live = Live(writer)
        attempt = run.attempt(shared=False, emit=live.token)
        source = partial(self._source, run, live, stream_id)
        await self._follow(live, run, partial(self._single.answer_from, run, attempt, source))
        return OpenedStream(stream_id, run.turn.message_id)

    async def open_team(self, ask: TeamAsk) -> OpenedStream:
        """The same for a team: the first token may be any agent's."""
        run = await self._team.prepare(ask, streaming=True)
        stream_id = new_id("str")
        writer = self.log.create(ask.user_id, stream_id)
        writer.append("metadata", encode(team_metadata(stream_id, run)))
        live = Live(writer)
        run.sink = live
        await self._follow(live, run, partial(self._team.answer, run))
        return OpenedStream(stream_id, run.turn.message_id)

    async def reread(self, user_id: str, opened: OpenedStream) -> AsyncGenerator[StreamEvent, None]:
        """A stream from its start: from the log as long as that keeps it, then from the stored message."""
        try:
            async with aclosing(self.log.read(user_id, opened.stream_id)) as events:
                async for event in events:
                    yield event
        except NotFound:
            message = await self._messages.get(user_id, opened.message_id)
            if message is None:
                raise
            for event in stored_events(opened, message):
                yield event

    async def _follow(self, live: "Live", run: Run, work: Work) -> None:
        """Starts the work and waits for its first token. Raises the error of work that failed before it."""
        self._tasks.spawn(self._drive(live, run, work))
        try:
            await live.first
        finally:
            live.opened.set()

    async def _drive(self, live: "Live", run: Run, work: Work) -> None:
        """Ends every stream with exactly one done or error event, after its turn is durable."""
        try:
            with self._limiter.slot(run.ask.user_id):
                reply = await self._until_stopped(live, run, work)
            live.end("done", encode(receipt_of(reply)))
        except AetherError as error:
            live.fail(error)
        except BaseException:
            live.fail(UpstreamError("The answer broke off."))
            raise
        finally:
            await live.writer.close()

    async def _until_stopped(self, live: "Live", run: Run, work: Work) -> ChatReply | TeamReply:
        """The reply, or what there is of it once the stream is cancelled or nobody reads it any more."""
        answering = asyncio.ensure_future(work())
        tasks: list[asyncio.Future[Any]] = [
            answering,
            asyncio.ensure_future(live.writer.cancelled.wait()),
            asyncio.ensure_future(self._abandoned(live)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return await _stopped_reply(run, answering)

    async def _abandoned(self, live: "Live") -> None:
        """Whoever opens the stream waits for it; from then on somebody has to read it."""
        await live.opened.wait()
        await live.writer.abandoned(self._grace_s)

    async def _source(self, run: AgentRun, live: "Live", stream_id: str, attempt: Attempt) -> tuple[CachedAnswer, bool]:
        leader = await self.log.claim(run.ask.user_id, run.plan.key, stream_id) if run.ask.reusable else None
        if leader and (shared := await self._relay(run, leader, live)):
            return shared, True
        if known := await self._single.asker.known(attempt):
            live.token(known.content, known.reasoning or "")
            return known, True
        return await self._single.asker.ask(attempt)

    async def _relay(self, run: AgentRun, leader: str, live: "Live") -> CachedAnswer | None:
        """Follows an identical stream. None: it ended before any text, so this one asks for itself."""
        parts: list[str] = []
        try:
            async with asyncio.timeout(run.deadline - time.monotonic()):
                async with aclosing(self.log.read(run.ask.user_id, leader)) as events:
                    async for event in events:
                        data = orjson.loads(event.data)
                        if event.event == "token":
                            parts.append(data["content"])
                            live.token(data["content"])
                        elif event.event == "done" and data["finish_reason"] != "cancelled":
                            return shared_answer(run, "".join(parts), data)
        except TimeoutError as error:
            raise DeadlineExceeded("The answer took longer than this request allows.") from error
        if parts:
            raise UpstreamError("The answer that this request shared broke off.", retryable=True)
        return None


class Live:
    """The writing end of one stream. first resolves at the first token or fails with what came instead.

    opened: who asked for the stream has it, or has gone.
    """

    def __init__(self, writer: StreamWriter) -> None:
        self.writer = writer
        self.opened = asyncio.Event()
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def token(self, content: str, reasoning: str = "", agent: str | None = None) -> None:
        optional = {"reasoning": reasoning, "agent": agent}
        named = {name: value for name, value in optional.items() if value}
        self.writer.append("token", orjson.dumps({"content": content, **named}))
        self._begun()

    def agent_done(self, response: AgentResponse) -> None:
        self.writer.append("agent_done", encode(response))

    def end(self, event: str, data: bytes) -> None:
        self.writer.append(event, data)
        self._begun()

    def fail(self, error: AetherError) -> None:
        problem = {"title": error.title, "status": error.status, "detail": error.detail, "code": error.code}
        self.writer.append("error", orjson.dumps({"type": f"urn:aether:problem:{error.code}", **problem}))
        if not self.first.done():
            self.first.set_exception(error)
            self.first.exception()  # seen, even where the asker is gone and nobody awaits it

    def _begun(self) -> None:
        if not self.first.done():
            self.first.set_result(None)


def metadata(stream_id: str, run: AgentRun) -> dict[str, Any]:
    return {
        **stream_head(stream_id, run.turn),
        "agent": run.plan.agent_ref,
        "model": run.plan.model.id,
        "routing": run.plan.routing,
    }


def team_metadata(stream_id: str, run: TeamRun) -> dict[str, Any]:
    planned = [member for member in run.members if member.attempt]
    models = {member.agent: member.attempt.plan.model.id for member in planned if member.attempt}
    return {**stream_head(stream_id, run.turn), "agents": [member.agent for member in run.members], "models": models}


def stream_head(stream_id: str, turn: Turn) -> dict[str, Any]:
    return {
        "stream_id": stream_id,
        "conversation_id": turn.conversation_id,
        "message_id": turn.message_id,
        "request_id": turn.request_id,
    }


def stored_events(opened: OpenedStream, message: Message) -> list[StreamEvent]:
    """The events of a stream that the log no longer has, its text in one piece."""
    head = {"stream_id": opened.stream_id, "conversation_id": message.conversation_id, "message_id": message.id}
    receipt = dict(message.receipt or {})
    rows = [("metadata", head), ("token", {"content": message.content})]
    rows.append(("error", receipt["error"]) if "error" in receipt else ("done", receipt))
    return [StreamEvent(number, event, orjson.dumps(data)) for number, (event, data) in enumerate(rows, 1)]


async def _stopped_reply(run: Run, answering: "asyncio.Future[ChatReply | TeamReply]") -> ChatReply | TeamReply:
    """The reply of a run that was told to stop: partial, or whole where it finished at the same moment."""
    if not answering.cancelled():
        return answering.result()
    if run.closing:
        await run.closing
    if run.stopped is None:
        raise UpstreamError("The stream was stopped before it began.")
    return run.stopped


def shared_answer(run: AgentRun, content: str, receipt: dict[str, Any]) -> CachedAnswer:
    """The answer of the stream that led. Its cost is the leader's; here it only tells what sharing saved."""
    tokens = receipt["tokens"]
    return CachedAnswer(
        user_id=run.ask.user_id,
        content=content,
        reasoning="",
        finish_reason=receipt["finish_reason"],
        agent=run.plan.agent.id,
        model=receipt["model_used"],
        usage=TokenUsage(tokens["prompt"], tokens["cached_prompt"], tokens["completion"], tokens["reasoning"]),
        cost=_pico(receipt["cost"]),
        baseline=_pico(receipt["baseline_cost"]),
        created_at=datetime.now(UTC),
    )


def _pico(amount: str | None) -> int | None:
    return None if amount is None else parse_usd(amount)
