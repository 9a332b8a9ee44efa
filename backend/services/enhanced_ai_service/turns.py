"""A turn from its opening to its ending. What ends a run is decided once, and made durable by a task of its own,
whoever leaves meanwhile.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar

from backend.domain.conversations import Turn, TurnOutcome
from backend.domain.ids import new_id
from backend.domain.replies import ChatReply, TeamReply
from backend.errors import AetherError
from backend.services.budgets import Budgets, Hold
from backend.services.enhanced_ai_service.requests import Ask, Thread
from backend.services.tasks import TaskOwner

SWEEP_MARGIN_S = 60.0

R = TypeVar("R", ChatReply, TeamReply)


@dataclass(frozen=True, slots=True)
class Ending(Generic[R]):
    """result: the reply, or what the caller hears instead. closing: the task that writes it to the turn log."""

    result: R | AetherError
    closing: "asyncio.Task[None]"

    async def told(self) -> R:
        """The reply, as soon as it is durable. Raises the error that it is, and what the turn log raises."""
        await asyncio.shield(self.closing)
        if isinstance(self.result, AetherError):
            raise self.result
        return self.result


class Run(Protocol[R]):
    """hold: what is reserved of budgets, until the ending settles it. ending None: still open."""

    turn: Turn
    hold: Hold | None
    ending: Ending[R] | None


class TurnRecords(Protocol):
    """As TurnLog keeps them."""

    async def open(self, turn: Turn) -> None: ...

    async def close(self, turn: Turn, outcome: TurnOutcome) -> None: ...

    async def record(self, turn: Turn, outcome: TurnOutcome) -> None: ...


class Turns:
    """Opens and ends runs: in the turn log, and what they hold of budgets."""

    def __init__(self, turn_log: TurnRecords, budgets: Budgets, tasks: TaskOwner) -> None:
        self._turn_log = turn_log
        self._budgets = budgets
        self._tasks = tasks

    async def open(self, run: Run[R]) -> None:
        """The question is durable on return. Raises what the turn log raises."""
        await self._turn_log.open(run.turn)

    async def release(self, run: Run[R]) -> None:
        """What a run held that never began; where it has an ending, that has settled it."""
        await self._budgets.release(run.hold)

    def end(self, run: Run[R], result: R | AetherError, outcome: TurnOutcome) -> Ending[R]:
        """Closes the turn, then settles what the run held, even where the turn log fails."""
        run.ending = Ending(result, self._tasks.spawn(self._close(run, outcome)))
        return run.ending

    def record(self, run: Run[R], result: R, outcome: TurnOutcome) -> Ending[R]:
        """The ending of a run that was never opened, because its answer was there already."""
        run.ending = Ending(result, self._tasks.spawn(self._turn_log.record(run.turn, outcome)))
        return run.ending

    async def _close(self, run: Run[R], outcome: TurnOutcome) -> None:
        try:
            await self._turn_log.close(run.turn, outcome)
        finally:
            await self._budgets.settle(run.hold, outcome.calls)


def new_turn(ask: Ask, thread: Thread, agent: str, lifetime_s: float) -> Turn:
    """lifetime_s: the longest this turn can take; one that is still open well after that was left by a crash."""
    now = datetime.now(UTC)
    return Turn(
        user_id=ask.user_id,
        conversation_id=thread.conversation_id,
        request_id=new_id("req"),
        user_message_id=thread.user_message_id or new_id("msg"),
        message_id=new_id("msg"),
        parent_id=thread.parent_id,
        content=None if thread.user_message_id else ask.message,
        agent=agent,
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime_s + SWEEP_MARGIN_S),
        title=thread.title,
        temporary=ask.temporary,
    )
