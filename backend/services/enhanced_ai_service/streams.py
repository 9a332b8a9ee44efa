"""Answers as they arrive: runs a question in a task of its own and writes its events to the stream log.

The task outlives the connection that asked: it ends when the answer is complete, when the stream is cancelled, or
when nobody has read it for the grace period. Readers follow the log, so they may come, go and resume anywhere.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from backend.domain.ids import new_id
from backend.domain.replies import ChatReply, TeamReply
from backend.errors import AetherError, CacheUnavailable, DeadlineExceeded, NotFound, UpstreamError
from backend.services.budgets import Budgets
from backend.services.enhanced_ai_service.asking import Attempt
from backend.services.enhanced_ai_service.live import Live
from backend.services.enhanced_ai_service.outcomes import encode, receipt_of
from backend.services.enhanced_ai_service.relay import Relay, shared_answer
from backend.services.enhanced_ai_service.requests import AgentAsk, TeamAsk
from backend.services.enhanced_ai_service.single import AgentRun, SingleAgent
from backend.services.enhanced_ai_service.stream_events import metadata, stored_events, team_metadata
from backend.services.enhanced_ai_service.team import Team
from backend.services.enhanced_ai_service.team_run import TeamRun
from backend.services.limiter import Limiter, Slot
from backend.services.performance_cache import CachedAnswer
from backend.services.repositories.messages import MessageRepository
from backend.services.stream_log import StreamEvent, StreamLog
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
        budgets: Budgets,
        messages: MessageRepository,
        tasks: TaskOwner,
        *,
        grace_s: float,
    ) -> None:
        self.log = log
        self._single = single
        self._team = team
        self._limiter = limiter
        self._budgets = budgets
        self._messages = messages
        self._tasks = tasks
        self._grace_s = grace_s
        self._live: set[Live] = set()

    def stop(self) -> None:
        """Ends every stream of this worker with what there is of its answer."""
        for live in self._live:
            live.writer.cancelled.set()

    async def open(self, ask: AgentAsk) -> OpenedStream:
        """A stream that has its first token. Raises what came instead of one."""
        with ExitStack() as until_driven:
            slot = until_driven.enter_context(self._limiter.slot(ask.user_id))
            run = await self._single.prepare(ask, slot)
            stream_id, live = self._begin(run)
            live.writer.append("metadata", encode(metadata(stream_id, run)))
            attempt = run.attempt(shared=False, emit=live.token)
            source = partial(self._source, run, live, stream_id)
            self._drive_on(live, run, slot, partial(self._single.answer_from, run, attempt, source))
            until_driven.pop_all()
        await self._begun(live)
        return OpenedStream(stream_id, run.turn.message_id)

    async def open_team(self, ask: TeamAsk) -> OpenedStream:
        """The same for a team: the first token may be any agent's."""
        with ExitStack() as until_driven:
            slot = until_driven.enter_context(self._limiter.slot(ask.user_id))
            run = await self._team.prepare(ask, slot, streaming=True)
            stream_id, live = self._begin(run)
            run.sink = live
            live.writer.append("metadata", encode(team_metadata(stream_id, run)))
            self._drive_on(live, run, slot, partial(self._team.answer, run))
            until_driven.pop_all()
        await self._begun(live)
        return OpenedStream(stream_id, run.turn.message_id)

    def _begin(self, run: Run) -> tuple[str, Live]:
        stream_id = new_id("str")
        return stream_id, Live(self.log.create(run.ask.user_id, stream_id), run.ask.correlation_id)

    async def reread(self, user_id: str, opened: OpenedStream) -> AsyncGenerator[list[StreamEvent], None]:
        """A stream from its start: from the log as long as that keeps it, then from the stored message."""
        try:
            async with aclosing(self.log.read(user_id, opened.stream_id)) as batches:
                async for batch in batches:
                    yield batch
        except (NotFound, CacheUnavailable):
            message = await self._messages.get(user_id, opened.message_id)
            if message is None:
                raise
            yield stored_events(opened.stream_id, message)

    def _drive_on(self, live: Live, run: Run, slot: Slot, work: Work) -> None:
        """In a task of its own, which has the slot from here on."""
        task = self._tasks.spawn(self._drive(live, run, slot, work))
        task.add_done_callback(lambda _: slot.release())  # also where it was cancelled before it began

    async def _begun(self, live: Live) -> None:
        """Waits for the first token. Raises the error of work that failed before it."""
        try:
            await live.first
        finally:
            live.opened.set()

    async def _drive(self, live: Live, run: Run, slot: Slot, work: Work) -> None:
        """Ends every stream with exactly one done or error event, after its turn is durable."""
        self._live.add(live)
        try:
            with slot:
                reply = await self._until_stopped(live, run, work)
            live.end("done", encode(receipt_of(reply)))
        except AetherError as error:
            await self._budgets.release(run.hold)  # of what never began; an ending has settled it
            live.fail(error)
        except BaseException:
            live.fail(UpstreamError("The answer broke off."))
            raise
        finally:
            self._live.discard(live)
            await live.writer.close()

    async def _until_stopped(self, live: Live, run: Run, work: Work) -> ChatReply | TeamReply:
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

    async def _abandoned(self, live: Live) -> None:
        """Whoever opens the stream waits for it; from then on somebody has to read it."""
        await live.opened.wait()
        await live.writer.abandoned(self._grace_s)

    async def _source(self, run: AgentRun, live: Live, stream_id: str, attempt: Attempt) -> tuple[CachedAnswer, bool]:
        leader = await self.log.claim(run.ask.user_id, run.plan.key, stream_id) if run.ask.reusable else None
        if leader and (shared := await self._relay(run, leader, live)):
            return shared, True
        if known := await self._single.asker.known(attempt):
            live.token(known.content, known.reasoning or "")
            return known, True
        return await self._single.asker.ask(attempt)

    async def _relay(self, run: AgentRun, leader: str, live: Live) -> CachedAnswer | None:
        """Follows an identical stream. None: it ended before any text, so this one asks for itself."""
        relay = Relay(live)
        try:
            async with asyncio.timeout(run.deadline - time.monotonic()):
                async with aclosing(self.log.read(run.ask.user_id, leader)) as batches:
                    async for batch in batches:
                        if done := relay.take(batch):
                            return shared_answer(run, relay, done)
        except TimeoutError as error:
            raise DeadlineExceeded("The answer took longer than this request allows.") from error
        except (NotFound, CacheUnavailable):
            return None  # it is gone, or cannot be reached: nothing of it has been read
        if relay.begun:
            raise UpstreamError("The answer that this request shared broke off.", retryable=True)
        return None


async def _stopped_reply(run: Run, answering: "asyncio.Future[ChatReply | TeamReply]") -> ChatReply | TeamReply:
    """The reply of a run that was told to stop: partial, or whole where it finished at the same moment."""
    if not answering.cancelled():
        return answering.result()
    if run.ending is None:
        raise UpstreamError("The stream was stopped before it began.")
    return await run.ending.told()
