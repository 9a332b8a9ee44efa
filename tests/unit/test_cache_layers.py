import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from backend.services.performance_cache.answers import seal
from backend.services.performance_cache.layers import Item, Layer, MemoryLayer
from backend.services.performance_cache.stack import LayerStack


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def item(clock: Clock, ttl_s: float, body: bytes = b"x") -> Item:
    return Item(body, clock.now + ttl_s)


def test_an_item_lives_no_longer_than_the_layer_and_itself() -> None:
    clock = Clock()
    layer = MemoryLayer("l1", capacity=10, ttl_s=300, clock=clock)
    layer.keep("u", "short", item(clock, 100))
    layer.keep("u", "long", item(clock, 10_000))
    layer.keep("u", "expired", item(clock, 0))
    clock.now += 99
    assert [layer.peek("u", key) is not None for key in ("short", "long", "expired")] == [True, True, False]
    clock.now += 1
    assert layer.peek("u", "short") is None
    clock.now += 200
    assert layer.peek("u", "long") is None


def test_the_least_recently_used_item_goes_first() -> None:
    clock = Clock()
    layer = MemoryLayer("l1", capacity=2, ttl_s=300, clock=clock)
    layer.keep("u", "a", item(clock, 100))
    layer.keep("u", "b", item(clock, 100))
    layer.peek("u", "a")
    layer.keep("u", "c", item(clock, 100))
    assert [layer.peek("u", key) is not None for key in "abc"] == [True, False, True]
    assert (layer.statistics.items, layer.statistics.evictions) == (2, 1)


def test_bytes_are_bounded_too() -> None:
    clock = Clock()
    layer = MemoryLayer("l1", capacity=100, ttl_s=300, max_bytes=160, clock=clock)
    for number in range(40):
        layer.keep("u", str(number), item(clock, 100, b"x" * 10))
    assert layer.statistics.bytes == 160
    layer.keep("u", "large", item(clock, 100, b"x" * 11))
    assert layer.peek("u", "large") is None, "one item may take a sixteenth"


def test_a_hit_is_promoted_with_the_time_that_it_has_left() -> None:
    clock = Clock()
    near, far = (
        MemoryLayer("l1", capacity=9, ttl_s=300, clock=clock),
        MemoryLayer("l2", capacity=9, ttl_s=1800, clock=clock),
    )
    stack = LayerStack((near, far), clock)
    far.keep("u", "k", Item(seal("u", "k", b"body"), clock.now + 5_000))
    clock.now += 1_700
    assert stack.peek("u", "k") == ("l2", b"body")
    assert stack.peek("u", "k") == ("l1", b"body")
    clock.now += 99
    assert stack.peek("u", "k") == ("l1", b"body")
    clock.now += 1
    assert stack.peek("u", "k") is None, "no layer starts a new life"


def test_another_owners_value_is_a_miss_and_is_forgotten() -> None:
    clock = Clock()
    layer = MemoryLayer("l1", capacity=9, ttl_s=300, clock=clock)
    stack = LayerStack((layer,), clock)
    layer.keep("thief", "k", Item(seal("owner", "k", b"secret"), clock.now + 100))
    assert stack.peek("thief", "k") is None
    assert stack.statistics()["rejected"] == 1
    assert layer.statistics.items == 0


class SlowLayer(Layer):
    """A layer far away: it answers when it is told to."""

    def __init__(self, item: Item) -> None:
        super().__init__("far")
        self.item, self.asked, self.answer = item, asyncio.Event(), asyncio.Event()

    async def get(self, user_id: str, key: str) -> Item | None:
        self.asked.set()
        await self.answer.wait()
        return self.item


async def test_what_was_being_read_while_something_was_dropped_is_not_promoted() -> None:
    clock = Clock()
    for drop in ("drop", "drop_user", "drop_all", ""):
        near = MemoryLayer("l1", capacity=9, ttl_s=300, clock=clock)
        far = SlowLayer(item(clock, 100, seal("u", "k", b"x")))
        stack = LayerStack((near, far), clock)
        reading = asyncio.create_task(stack.get("u", "k"))
        await far.asked.wait()
        match drop:
            case "drop":
                stack.drop("u", "k")
            case "drop_user":
                stack.drop_user("u")
            case "drop_all":
                stack.drop_all()
        far.answer.set()
        assert await reading == ("far", b"x")
        assert (near.peek("u", "k") is None) == bool(drop)


class LayerModel(RuleBasedStateMachine):
    """A layer against a dict: what it returns was put, is fresh and was not dropped; its counts are right."""

    users, keys = st.sampled_from(["u", "v", "w"]), st.sampled_from(["a", "b", "c", "d"])

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.layer = MemoryLayer("l1", capacity=5, ttl_s=50, max_bytes=64, clock=self.clock)
        self.model: dict[tuple[str, str], Item] = {}

    @rule(user=users, key=keys, body=st.binary(max_size=6), ttl=st.integers(-1, 100))
    def keep(self, user: str, key: str, body: bytes, ttl: int) -> None:
        self.layer.keep(user, key, item(self.clock, ttl, body))
        if len(body) <= 4:
            self.model[user, key] = Item(body, self.clock.now + min(ttl, 50))

    @rule(user=users, key=keys)
    def peek(self, user: str, key: str) -> None:
        found, expected = self.layer.peek(user, key), self.model.get((user, key))
        if found is not None:
            assert expected is not None
            assert (found.payload, found.expires_at) == (expected.payload, expected.expires_at)
            assert found.expires_at > self.clock.now

    @rule(user=users)
    def drop_user(self, user: str) -> None:
        before = sum(self.layer.peek(user, key) is not None for key in "abcd")
        assert self.layer.drop_user(user) == before
        self.model = {entry: value for entry, value in self.model.items() if entry[0] != user}

    @rule(user=users, key=keys)
    def drop(self, user: str, key: str) -> None:
        self.layer.drop(user, key)
        self.model.pop((user, key), None)

    @rule()
    def drop_all(self) -> None:
        self.layer.drop_all()
        self.model.clear()

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def counts_are_right(self) -> None:
        self.layer._store.expire()
        held = [self.layer.peek(user, key) for user in "uvw" for key in "abcd"]
        found = [one for one in held if one is not None]
        assert self.layer.statistics.items == len(found) <= 5
        assert self.layer.statistics.bytes == sum(len(one.payload) for one in found) <= 64


TestLayerModel = LayerModel.TestCase
TestLayerModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
