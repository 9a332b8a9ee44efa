"""The one way in which this package waits under a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backend.services.llm.failures import too_late

T = TypeVar("T")


async def before(deadline: float, clock: Callable[[], float], work: Awaitable[T]) -> T:
    """The result of the work. Cancels it and raises DeadlineExceeded when the clock reaches the deadline."""
    try:
        async with asyncio.timeout(deadline - clock()):
            return await work
    except TimeoutError as error:
        raise too_late() from error
