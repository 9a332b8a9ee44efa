"""The workers: as many processes as AETHER_WORKERS says, all accepting from one socket."""

import asyncio
import socket
from functools import partial
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from backend.config import Settings
from backend.launcher.listener import local_address
from backend.launcher.metrics_folder import make_metrics_folder, remove_metrics_folder
from backend.launcher.orphans import WORKER_PREFIX
from backend.launcher.supervision import Supervised
from backend.services.embedded import Child, DataLayout, StartError, python_module, spawn

READY_S = 60.0
READY_PAUSE_S = 0.05
ANSWER_S = 10.0
CLOSING_S = 5.0
"""What a worker may take after its drain to close its services."""
MALLOC_MMAP_THRESHOLD = str(1 << 20)
"""From here on glibc takes memory from the system and gives it back at once. The threshold that it would choose by
itself keeps the 19 MiB that each password hash needs, in two threads: 28 MB of every worker."""
READY_REQUEST = b"GET /api/health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Workers:
    """settings: resolved, with the addresses of the embedded servers."""

    def __init__(self, settings: Settings, layout: DataLayout, listener: socket.socket, module: str) -> None:
        self._settings = settings
        self._layout = layout
        self._listener = listener
        self._module = module
        mark_dead = partial(mark_process_dead, path=str(layout.metrics))
        names = [f"{WORKER_PREFIX}{number}" for number in range(1, settings.workers + 1)]
        self.all = [Supervised(name, partial(self._spawn, name), on_exit=mark_dead) for name in names]

    async def start(self) -> None:
        """Returns when the application answers that it is ready. Raises StartError."""
        make_metrics_folder(self._layout.metrics)
        for worker in self.all:
            await worker.start()
        ready = asyncio.create_task(self._ready())
        exits = [asyncio.create_task(worker.running.wait()) for worker in self.all]
        tasks: list[asyncio.Task[Any]] = [ready, *exits]
        try:
            done, _ = await asyncio.wait(tasks, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        if not done:
            raise StartError(f"the server is not ready after {READY_S:.0f} s; the log lines above say why.")
        if ready not in done:
            raise StartError("a worker ended while it started; the log lines above say why.")

    async def stop(self, hurry: asyncio.Event) -> None:
        """Every worker drains; past the time for it, or once hurry is set, it is killed."""
        self._listener.close()  # nobody waits in its queue for workers that no longer accept
        grace_s = self._settings.drain + CLOSING_S
        stopping = asyncio.gather(*(worker.stop(grace_s) for worker in self.all))
        ends: list[asyncio.Future[Any]] = [stopping, asyncio.create_task(hurry.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        remove_metrics_folder(self._layout.metrics)

    async def _spawn(self, name: str) -> Child:
        return spawn(
            name,
            [*python_module(self._module), "--fd", str(self._listener.fileno())],
            run_dir=self._layout.run,
            env=self._environment(),
            pass_fds=[self._listener.fileno()],
        )

    def _environment(self) -> dict[str, str]:
        settings = self._settings
        environment = {
            "MONGO_URL": settings.mongo_url.get_secret_value(),
            "REDIS_URL": settings.redis_url.get_secret_value(),
            "GROQ_BASE_URL": settings.groq_base_url,
            "GROQ_API_KEY": settings.groq_api_key.get_secret_value(),
            "AETHER_SECRET_KEY": settings.secret_key.get_secret_value(),
            "AETHER_SIMULATED": str(settings.simulated),
            "AETHER_ALONE": str(settings.alone),
            "AETHER_DATA_DIR": str(settings.data_dir),
            "PROMETHEUS_MULTIPROC_DIR": str(self._layout.metrics),
            "MALLOC_MMAP_THRESHOLD_": MALLOC_MMAP_THRESHOLD,
        }
        if settings.in_memory:
            environment["AETHER_ADMIN_PASSWORD"] = settings.admin_password.get_secret_value()
        return environment

    async def _ready(self) -> None:
        while await self._status() != b"200":  # noqa: ASYNC110 - another process becomes ready
            await asyncio.sleep(READY_PAUSE_S)

    async def _status(self) -> bytes:
        """The status code of /api/health/ready; empty where the answer broke off."""
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_connection(*local_address(self._listener))
                writer.write(READY_REQUEST)
                _, _, rest = (await reader.readline()).partition(b" ")
                writer.close()
                return rest[:3]
        except OSError:  # TimeoutError is one of them
            return b""
