"""Plays the conversations, several at once, and keeps what came of every turn."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from converse.client import Answer, RequestFailed
from converse.questions import Question
from converse.receipts import MODES, Mode, ReceiptError

Lap = Literal["first", "second"]


class Asks(Protocol):
    """What a player needs of a client. Raises RequestFailed or ReceiptError."""

    async def ask(self, mode: Mode, message: str, conversation_id: str | None) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One question asked. Either answer or error is there; error "" for a turn that an earlier error left out."""

    lap: Lap
    mode: Mode
    category: str
    number: int
    answer: Answer | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Player:
    """clients: whose account a mode uses. advance: told of each turn that is over."""

    clients: Mapping[Mode, Asks]
    concurrency: int
    advance: Callable[[], object]

    async def first_pass(self, questions: Sequence[Question]) -> list[Turn]:
        """Every turn of every question in every mode, each mode in a conversation of its own."""
        return await self._play("first", [(question, mode, question.turns) for question in questions for mode in MODES])

    async def second_pass(self, questions: Sequence[Question]) -> list[Turn]:
        """The first turns once more, in new conversations."""
        return await self._play(
            "second", [(question, mode, question.turns[:1]) for question in questions for mode in MODES]
        )

    async def _play(self, lap: Lap, rows: Iterable[tuple[Question, Mode, Sequence[str]]]) -> list[Turn]:
        room = asyncio.Semaphore(self.concurrency)

        async def play(question: Question, mode: Mode, turns: Sequence[str]) -> list[Turn]:
            async with room:
                return await self._conversation(lap, question.category, mode, turns)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(play(*row)) for row in rows]
        return [turn for task in tasks for turn in task.result()]

    async def _conversation(self, lap: Lap, category: str, mode: Mode, messages: Sequence[str]) -> list[Turn]:
        turns: list[Turn] = []
        conversation_id: str | None = None
        for number, message in enumerate(messages, 1):
            answer, error = await self._ask(mode, message, conversation_id)
            turns.append(Turn(lap, mode, category, number, answer, error))
            if answer is None:
                break
            conversation_id = answer.receipt.conversation_id
        left_out = [Turn(lap, mode, category, number, None, "") for number in range(len(turns) + 1, len(messages) + 1)]
        for _ in left_out:
            self.advance()
        return turns + left_out

    async def _ask(self, mode: Mode, message: str, conversation_id: str | None) -> tuple[Answer | None, str | None]:
        try:
            return await self.clients[mode].ask(mode, message, conversation_id), None
        except (RequestFailed, ReceiptError) as error:
            return None, str(error)
        finally:
            self.advance()
