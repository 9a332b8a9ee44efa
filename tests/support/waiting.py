"""Waiting for a condition, with a bound: tests never sleep for a fixed time."""

import asyncio
from collections.abc import Awaitable, Callable

PAUSE_S = 0.005


async def eventually(condition: Callable[[], bool | Awaitable[bool]], within_s: float = 5.0) -> None:
    """Returns as soon as the condition holds. Raises TimeoutError where it does not within the bound."""
    async with asyncio.timeout(within_s):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(PAUSE_S)
