"""API keys without a server: their text, what a worker remembers of them, what it asks for."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.api_keys import ApiKey, KeyChanges, Scope
from backend.domain.audit import AuditAction
from backend.domain.users import UserRole
from backend.errors import AetherError, Forbidden, RateLimited, Unauthenticated
from backend.services.api_keys import ApiKeys, is_api_key
from backend.services.api_keys.known import KNOWN_S, LOOK_UPS, UNKNOWN_S
from backend.services.api_keys.last_used import LastUsed
from backend.services.api_keys.text import hash_of, is_well_formed, new_text
from backend.services.identity import Principal
from tests.support.bus import Bus, Network
from tests.support.identity import Clock
from tests.support.waiting import eventually

SCANNERS = re.compile(r"\baek_[0-9a-f]{72}\b")
"""As a secret scanner would look for leaked keys."""
OWNER = Principal("user_ada", "user", "sess_1")


def test_a_key_is_recognised_by_its_form() -> None:
    texts = {new_text() for _ in range(100)}
    assert len(texts) == 100
    for text in texts:
        assert is_api_key(text)
        assert is_well_formed(text)
        assert SCANNERS.search(f'api_key = "{text}"')


@given(st.integers(4, 75), st.sampled_from("0123456789abcdef"))
def test_a_typing_error_is_found_without_a_look_up(place: int, typed: str) -> None:
    text = new_text()
    mistaken = text[:place] + typed + text[place + 1 :]
    assert is_well_formed(mistaken) == (mistaken == text)


@given(st.text(max_size=100))
def test_nothing_else_is_well_formed(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_well_formed(f"aek_{text}")


class Keys:
    """The store, in memory. asked: hashes that were looked up."""

    def __init__(self, clock: Clock) -> None:
        self.rows: dict[str, ApiKey] = {}
        self.roles: dict[str, UserRole] = {OWNER.user_id: "user"}
        self.changed: list[tuple[datetime, str]] = []
        self.asked: list[str] = []
        self.uses: list[tuple[str, str, datetime]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._clock = clock

    async def create(self, key: ApiKey) -> bool:
        self.rows[key.id] = key
        return True

    async def of_user(self, user_id: str) -> list[ApiKey]:
        return [key for key in self.rows.values() if key.user_id == user_id and not key.revoked_at]

    async def change(self, user_id: str, key_id: str, changes: KeyChanges) -> ApiKey | None:
        key = self.rows[key_id]
        self.rows[key_id] = replace(key, scopes=changes.scopes or key.scopes)
        self._changed(user_id)
        return self.rows[key_id]

    async def revoke(self, user_id: str, key_id: str) -> bool:
        self.rows[key_id] = replace(self.rows[key_id], revoked_at=self._clock.instant)
        self._changed(user_id)
        return True

    async def mark_changed(self, user_id: str) -> None:
        pass

    async def revoke_all(self, user_id: str) -> None:
        for key in await self.of_user(user_id):
            await self.revoke(user_id, key.id)

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        self.asked.append(key_hash)
        found = next((key for key in self.rows.values() if key.hash == key_hash), None)
        await self.gate.wait()
        return found

    async def owner_role(self, user_id: str) -> UserRole | None:
        return self.roles.get(user_id)

    async def changed_since(self, instant: datetime) -> set[str]:
        return {user_id for at, user_id in self.changed if at >= instant}

    async def note_use(self, uses: Iterable[tuple[str, str, datetime]]) -> None:
        self.uses.extend(uses)

    def _changed(self, user_id: str) -> None:
        self.changed.append((self._clock.instant, user_id))


class Limits:
    """allowed: unknown keys per subject."""

    def __init__(self) -> None:
        self.allowed = 5
        self.unknown: list[str] = []

    async def check_look_up(self, subject: str) -> None:
        await asyncio.sleep(0)
        if self.unknown.count(subject) >= self.allowed:
            raise RateLimited("too many", retry_after=60)

    async def record_unknown_key(self, subject: str) -> None:
        self.unknown.append(subject)


class Audit:
    def __init__(self) -> None:
        self.entries: list[tuple[AuditAction, dict[str, str]]] = []

    async def record(
        self, action: AuditAction, *, user_id: str | None, actor_id: str | None = None, **detail: str
    ) -> None:
        self.entries.append((action, detail))


class World:
    """Two workers over the same store."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.keys = Keys(self.clock)
        self.limits = Limits()
        self.network = Network()
        self.audit = Audit()
        self.here, self.there = self._worker(), self._worker()

    def _worker(self) -> ApiKeys:
        return ApiKeys(self.keys, limits=self.limits, bus=Bus(self.network), audit=self.audit, clock=self.clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        await self.here.start()
        await self.there.start()
        try:
            yield self
        finally:
            await self.there.close()
            await self.here.close()

    async def make(
        self, owner: Principal = OWNER, scopes: tuple[Scope, ...] = ("chat",), days: int | None = None
    ) -> tuple[ApiKey, str]:
        lifetime = timedelta(days=days) if days else None
        return await self.here.create(owner, "A program", scopes, lifetime=lifetime, limit=None)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World().running() as world:
        yield world


async def code_of(worker: ApiKeys, text: str, subject: str = "here") -> str | None:
    try:
        await worker.verify(text, subject)
    except AetherError as error:
        return error.code
    return None


async def test_a_key_is_looked_up_once_and_stored_as_a_hash_only(world: World) -> None:
    key, text = await world.make(scopes=("usage:read", "chat", "chat"))
    for _ in range(3):
        principal = await world.here.verify(text, "here")
    assert (principal.user_id, principal.role, principal.session_id) == ("user_ada", "user", "")
    assert principal.key is not None
    assert principal.key.id == key.id
    assert principal.key.scopes == {"chat", "usage:read"}
    assert world.keys.asked == [hash_of(text)]
    assert text not in repr(world.keys.rows)
    assert text.startswith(key.prefix)
    assert world.audit.entries == [
        (AuditAction.API_KEY_CREATED, {"key_id": key.id, "scopes": "chat usage:read", "limit": "none"})
    ]


async def test_what_is_no_key_is_not_looked_up_and_an_unknown_one_once_in_a_while(world: World) -> None:
    for text in ("aek_", "aek_" + "0" * 72, new_text()[:-1]):
        assert await code_of(world.here, text) == "api_key_invalid"
    assert world.keys.asked == []
    unknown = new_text()
    for _ in range(3):
        assert await code_of(world.here, unknown) == "api_key_invalid"
    assert world.keys.asked == [hash_of(unknown)]
    world.clock.now += UNKNOWN_S + 1
    assert await code_of(world.here, unknown) == "api_key_invalid"
    assert len(world.keys.asked) == 2


async def test_guesses_are_limited_by_address_even_where_all_come_at_once(world: World) -> None:
    _, known = await world.make()
    await world.here.verify(known, "guesser")
    codes = await asyncio.gather(*(code_of(world.here, new_text(), "guesser") for _ in range(100)))
    assert set(codes) == {"api_key_invalid", "rate_limited"}
    assert len(world.keys.asked) <= world.limits.allowed + LOOK_UPS
    assert await code_of(world.here, known, "guesser") is None, "a key that is known needs no look-up"
    _, other = await world.make()
    assert await code_of(world.here, other, "somebody else") is None


async def test_a_key_ends_when_it_expires(world: World) -> None:
    _, text = await world.make(days=1)
    assert await code_of(world.here, text) is None
    world.clock.now += 86_400
    for worker in (world.here, world.there):
        assert await code_of(worker, text) == "api_key_expired"


async def test_a_revoked_key_is_refused_at_once_elsewhere_too_and_is_no_guess(world: World) -> None:
    key, text = await world.make()
    for worker in (world.here, world.there):
        assert await code_of(worker, text) is None
    await world.here.revoke("user_ada", key.id)
    for worker in (world.here, world.there):
        assert await code_of(worker, text) == "api_key_invalid"
    assert world.limits.unknown == []


async def test_a_changed_key_is_another_one_elsewhere_too(world: World) -> None:
    key, text = await world.make()
    await world.there.verify(text, "here")
    await world.here.change(OWNER, key.id, KeyChanges(scopes=("usage:read",)))
    changed = (await world.there.verify(text, "here")).key
    assert changed is not None
    assert changed.scopes == {"usage:read"}


async def test_without_a_bus_other_workers_learn_of_it_from_the_database(world: World) -> None:
    key, text = await world.make()
    await world.there.verify(text, "here")
    world.network.cut()
    await world.here.revoke("user_ada", key.id)

    async def refused() -> bool:
        return await code_of(world.there, text) == "api_key_invalid"

    await eventually(refused)


async def test_a_look_up_that_a_change_overtakes_is_not_remembered(world: World) -> None:
    key, text = await world.make()
    world.keys.gate.clear()
    looking = asyncio.create_task(world.here.verify(text, "here"))
    await eventually(lambda: len(world.keys.asked) == 1)
    await world.there.revoke("user_ada", key.id)
    world.keys.gate.set()
    await looking  # it asked before the key was revoked
    assert await code_of(world.here, text) == "api_key_invalid"


async def test_what_is_remembered_is_looked_up_again_in_the_end(world: World) -> None:
    _, text = await world.make()
    await world.here.verify(text, "here")
    del world.keys.roles["user_ada"]
    world.clock.now += KNOWN_S + 1
    assert await code_of(world.here, text) == "api_key_invalid"


async def test_whether_the_owner_is_an_administrator_is_asked_anew(world: World) -> None:
    with pytest.raises(Forbidden):
        await world.make(scopes=("admin",))
    world.keys.roles["user_ada"] = "admin"
    key, text = await world.make(replace(OWNER, role="admin"), ("admin",))
    assert (await world.here.verify(text, "here")).role == "admin"
    assert await world.here.is_admin("user_ada")
    world.keys.roles["user_ada"] = "user"
    assert not await world.here.is_admin("user_ada")
    with pytest.raises(Forbidden):
        await world.here.change(OWNER, key.id, KeyChanges(scopes=("admin",)))


async def test_all_keys_end_with_the_account(world: World) -> None:
    texts = [(await world.make())[1] for _ in range(3)]
    for text in texts:
        await world.there.verify(text, "here")
    await world.here.revoke_all("user_ada")
    for text in texts:
        with pytest.raises(Unauthenticated):
            await world.there.verify(text, "here")


async def test_use_is_written_together_and_later() -> None:
    clock = Clock()
    keys = Keys(clock)
    last_used = LastUsed(keys, every_s=0.01)
    for _ in range(100):
        last_used.note("user_ada", "key_1", clock.instant)
    assert keys.uses == []
    await last_used.start()
    await eventually(lambda: len(keys.uses) == 1)
    last_used.note("user_ada", "key_2", clock.instant)
    await last_used.close()
    assert [key_id for _, key_id, _ in keys.uses] == ["key_1", "key_2"]
