"""The script of admission against a model of it in a few lines of Python: whatever is asked in whatever order."""

import asyncio
from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.services.limiter.ledger import GRANTED, HELD, SPENT, Claim, Counter, Ledger
from backend.services.limiter.window import Place, SlidingWindows, Window
from backend.services.redis_client import RedisClient

LIMITS = {"user": 6, "key a": 3, "key b": 5}
PLACES, BUDGET = 3, 40
WINDOW_S, INSIDE_S, OUTSIDE_S, LONG_S = 3600, 60.0, 7200.0, 600.0


@dataclass(frozen=True)
class Ask:
    """key: the API key that asks, None for a person. leased: (number, inside the window) granted elsewhere before.

    crashes: its place expires at once. tokens: that it wants reserved, None for none. stored: its answer is there.
    """

    key: str | None
    leased: list[tuple[int, bool]]
    placed: bool
    crashes: bool
    tokens: int | None
    stored: bool

    @property
    def windows(self) -> list[str]:
        return ["user", *([self.key] if self.key else [])]


@dataclass
class Model:
    entries: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in LIMITS})
    places: set[str] = field(default_factory=set)
    held: int = 0

    def take(self, ask: Ask, id_: str) -> tuple[bool, bool, bool, str | None]:
        """(refused, busy, placed, the verdict)."""
        for name in ask.windows:
            self.entries[name] |= {f"{name} {number} {inside}" for number, inside in ask.leased if inside}
        refused = any(len(self.entries[name]) >= LIMITS[name] for name in ask.windows)
        busy = not refused and ask.placed and len(self.places) >= PLACES
        if refused or busy:
            return refused, busy, False, None
        for name in ask.windows:
            self.entries[name].add(id_)
        verdict = None if ask.tokens is None or ask.stored else self._reserve(ask.tokens)
        placed = ask.placed and not ask.stored and verdict in (None, GRANTED)
        if placed and not ask.crashes:
            self.places.add(id_)
        return refused, busy, placed, verdict

    def _reserve(self, tokens: int) -> str:
        if tokens > BUDGET:
            return SPENT
        if self.held + tokens > BUDGET:
            return HELD
        self.held += tokens
        return GRANTED


asks = st.builds(
    Ask,
    key=st.sampled_from([None, "key a", "key b"]),
    leased=st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=2),
    placed=st.booleans(),
    crashes=st.booleans(),
    tokens=st.none() | st.integers(0, 50),
    stored=st.booleans(),
)
steps = st.lists(asks | st.integers(0, 20), max_size=25)
"""A number gives back the place of that ask."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_order_agrees_with_the_model(redis_url: str, namespace: str, steps: list[Ask | int]) -> None:
    asyncio.run(_compare(redis_url, namespace, steps))


class Script:
    """Asks Redis what the model is asked."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._windows = SlidingWindows(redis)
        self._ledger = Ledger(redis)

    def key(self, name: str) -> str:
        return self._redis.key("user_1", "limit", name)

    def _claim(self, id_: str, tokens: int) -> Claim:
        return Claim(self.key("budget"), id_, (Counter("tokens", tokens, BUDGET),), LONG_S, LONG_S)

    async def prepare(self) -> None:
        names = [*LIMITS, "places", "budget", "budget:held", "nothing"]
        await self._redis.run(lambda r: r.delete(*(self.key(name) for name in names)))
        await self._redis.run(lambda r: r.set(self.key("answer"), b"stored"))
        await self._ledger.seed(self._claim("seed", 0), {})

    async def take(self, ask: Ask, id_: str) -> tuple[bool, bool, bool, str | None]:
        windows = [
            Window(
                self.key(name),
                LIMITS[name],
                WINDOW_S,
                [(f"{name} {number} {inside}", INSIDE_S if inside else OUTSIDE_S) for number, inside in ask.leased],
            )
            for name in ask.windows
        ]
        counted = await self._windows.take(
            windows,
            place=Place(self.key("places"), id_, PLACES, 0.0 if ask.crashes else LONG_S) if ask.placed else None,
            claim=None if ask.tokens is None else self._claim(id_, ask.tokens),
            value_key=self.key("answer" if ask.stored else "nothing"),
        )
        refused = any(state.refused for state in counted.windows)
        assert counted.value == (b"stored" if ask.stored and not refused and not counted.busy else None)
        return refused, counted.busy, counted.placed, counted.verdict.state if counted.verdict else None

    async def give_back(self, id_: str) -> None:
        await self._redis.run(lambda r: r.zrem(self.key("places"), id_))

    async def sizes(self) -> dict[str, int]:
        return {name: int(await self._redis.run(lambda r, n=name: r.zcard(self.key(n)))) for name in LIMITS}  # type: ignore[misc]


async def _compare(redis_url: str, namespace: str, steps: list[Ask | int]) -> None:
    redis, model, numbers = RedisClient(redis_url, namespace, timeout_s=5), Model(), count()
    script = Script(redis)
    try:
        await script.prepare()
        for step in steps:
            if isinstance(step, int):
                await script.give_back(f"ask {step}")
                model.places.discard(f"ask {step}")
                continue
            id_ = f"ask {next(numbers)}"
            assert await script.take(step, id_) == model.take(step, id_)
            for name, size in (await script.sizes()).items():
                assert name not in step.windows or size == len(model.entries[name])
                assert len(model.entries[name]) <= LIMITS[name] + 18, "only what leases granted goes beyond a limit"
    finally:
        await redis.close()
