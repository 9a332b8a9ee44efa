"""The machine and this process, by psutil. sample() reads files of the kernel: call it in a thread."""

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil

from backend.domain.doc import Bytes, Doc


@dataclass(frozen=True, slots=True)
class SystemSample:
    """The machine and one process on it."""

    host: Annotated[str, Doc("Name of the machine")]
    cpus: Annotated[int, Doc("Its processors")]
    cpu: Annotated[float, Doc("Processors in use, 0 to 1")]
    load1: Annotated[float, Doc("Runnable processes, mean of the last minute")]
    memory: Annotated[float, Doc("Memory in use, 0 to 1")]
    memory_used_bytes: Bytes
    memory_size_bytes: Bytes
    disk: Annotated[float, Doc("Disk of the data directory in use, 0 to 1")]
    disk_free_bytes: Bytes
    disk_size_bytes: Bytes
    process_cpu: Annotated[float, Doc("The process's use of processors; 1.0 is one of them")]
    process_memory_bytes: Bytes
    open_fds: Annotated[int, Doc("Open files and sockets of the process")]
    threads: Annotated[int, Doc("Threads of the process")]

    def ratios(self) -> dict[str, float]:
        return {"cpu": self.cpu, "memory": self.memory, "disk": self.disk}

    def document(self) -> dict[str, Any]:
        return asdict(self)


class SystemSampler:
    """Processor figures are averages since the previous sample, so none ever waits."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process = psutil.Process()
        self._host = socket.gethostname()
        self._cpus = psutil.cpu_count() or 1
        psutil.cpu_percent(None)
        self._process.cpu_percent(None)

    def sample(self) -> SystemSample:
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._existing(self._data_dir)))
        with self._process.oneshot():
            return SystemSample(
                host=self._host,
                cpus=self._cpus,
                cpu=psutil.cpu_percent(None) / 100,
                load1=os.getloadavg()[0],
                memory=memory.percent / 100,
                memory_used_bytes=memory.total - memory.available,
                memory_size_bytes=memory.total,
                disk=disk.percent / 100,
                disk_free_bytes=disk.free,
                disk_size_bytes=disk.total,
                process_cpu=self._process.cpu_percent(None) / 100,
                process_memory_bytes=self._process.memory_info().rss,
                open_fds=self._process.num_fds(),
                threads=self._process.num_threads(),
            )

    @staticmethod
    def _existing(path: Path) -> Path:
        """The directory, or where it does not exist yet the nearest one above that does."""
        resolved = path.resolve()
        return next(candidate for candidate in (resolved, *resolved.parents) if candidate.exists())
