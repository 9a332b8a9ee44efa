"""The turn log, whose writes are told to the user's devices."""

from backend.domain.conversations import Turn, TurnOutcome
from backend.domain.updates import message_added
from backend.services.turn_log import TurnLog
from backend.services.updates.updates import Updates


class AnnouncedTurnLog:
    """Tells what is durable: the question once it is stored, then the answer."""

    def __init__(self, turns: TurnLog, updates: Updates) -> None:
        self._turns = turns
        self._updates = updates

    async def open(self, turn: Turn) -> None:
        await self._turns.open(turn)
        self._tell(turn, turn.user_message_id if turn.content is not None else turn.message_id)

    async def close(self, turn: Turn, outcome: TurnOutcome) -> None:
        await self._turns.close(turn, outcome)
        self._tell(turn, turn.message_id)

    async def record(self, turn: Turn, outcome: TurnOutcome) -> None:
        await self._turns.record(turn, outcome)
        self._tell(turn, turn.message_id)

    def _tell(self, turn: Turn, message_id: str) -> None:
        self._updates.tell(turn.user_id, message_added(turn.conversation_id, message_id))
