"""How a run ends: decided once, and made durable by a task of its own, whoever leaves meanwhile."""

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend.domain.replies import ChatReply, TeamReply
from backend.errors import AetherError

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
