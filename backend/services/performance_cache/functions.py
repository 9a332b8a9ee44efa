"""Caching of our own functions' results, with early refresh (XFetch), never of a model's answers.

A result close to its expiry is computed anew by one caller in a while, the sooner the longer it takes to compute
(Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015).
"""

import functools
import hashlib
import inspect
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

import orjson

P = ParamSpec("P")
T = TypeVar("T")
Read = Callable[[str, str], Awaitable[bytes | None]]
Write = Callable[[str, str, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Result:
    value: Any
    computed_in_s: float
    expires_at: float

    def is_due(self, now: float, chance: float) -> bool:
        """chance: uniform in (0, 1]."""
        return now - self.computed_in_s * math.log(chance) >= self.expires_at


def function_key(function: Callable[..., object], arguments: dict[str, object]) -> str:
    """Qualified name and arguments, hashed. Raises TypeError for an argument that JSON cannot hold."""
    name = f"{function.__module__}.{function.__qualname__}"
    encoded = orjson.dumps([name, arguments], option=orjson.OPT_SORT_KEYS)
    return f"function:{hashlib.sha256(encoded).hexdigest()}"


def cached(
    ttl_s: float,
    read: Read,
    write: Write,
    *,
    clock: Callable[[], float] = time.time,
    chance: Callable[[], float] = lambda: 1.0 - random.random(),  # noqa: S311 (load spreading, no secret)
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A decorator for async functions with an argument user_id and a result that JSON can hold.

    Raises TypeError for a function without it.
    """

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        signature = inspect.signature(function)
        if "user_id" not in signature.parameters:
            raise TypeError(f"{function.__qualname__} has no argument user_id")

        @functools.wraps(function)
        async def cached_function(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            arguments = {name: value for name, value in bound.arguments.items() if name != "self"}
            user_id, key = cast(str, arguments["user_id"]), function_key(function, arguments)
            stored = await read(user_id, key)
            result = _Result(*orjson.loads(stored)) if stored else None
            if result is not None and not result.is_due(clock(), chance()):
                return cast(T, result.value)
            started = clock()
            value = await function(*args, **kwargs)
            fresh = _Result(value, clock() - started, clock() + ttl_s)
            await write(user_id, key, orjson.dumps([fresh.value, fresh.computed_in_s, fresh.expires_at]))
            return value

        return cached_function

    return decorate
