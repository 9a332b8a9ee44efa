"""Passwords: argon2id, off the event loop, a bounded number at once."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from backend.errors import Overloaded
from backend.services.identity.strength import check_new_password, composed

T = TypeVar("T")

THREADS = 2
WAITING = 64


def argon2id() -> PasswordHasher:
    """19 MiB, two passes, one lane: about 36 ms of one core."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def decoy_hash(hasher: PasswordHasher) -> str:
    """Of no password that anybody knows; to verify one against it takes the same work as against a real one.

    It is drawn, in the form that argon2 writes its hashes in: computing one would take every start 36 ms.
    """
    salt, digest = (
        b64encode(secrets.token_bytes(length)).rstrip(b"=").decode() for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


class Passwords:
    """Owns its threads until close. Each thread needs 19 MiB while it works."""

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        *,
        threads: int = THREADS,
        waiting: int = WAITING,
        composition: bool = False,
    ) -> None:
        """composition: new passwords need an upper-case and a lower-case letter, a digit and a symbol."""
        self._composition = composition
        self._hasher = hasher or argon2id()
        self._slots = asyncio.Semaphore(threads)
        self._capacity = threads + waiting
        self._present = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._decoy = decoy_hash(self._hasher)

    async def close(self) -> None:
        """Waits for the hashes being computed, a fraction of a second; those still waiting are cancelled."""
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """A place at one of the threads. Raises Overloaded where too many wait for one."""
        if self._present >= self._capacity:
            raise Overloaded("Too many sign-ins at once.", retry_after=1)
        self._present += 1
        try:
            async with self._slots:
                yield
        finally:
            self._present -= 1

    async def hash_new(self, password: str, *own: str) -> str:
        """In a slot of its own. own: the user's address and name. Raises WeakPassword, Overloaded."""
        async with self.slot():
            await self._run(lambda: check_new_password(password, *own, composition=self._composition))
            return await self.hash(password)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(composed(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """None for a password hash (nobody has this address) takes the same work and is never right."""
        stored = password_hash or self._decoy
        right = await self._run(lambda: self._matches(stored, composed(password)))
        return right and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
