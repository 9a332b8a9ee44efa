"""Which processes a data directory has running: one JSON file each, so that the next start finds orphans.

A record names a process by pid, creation time and executable, so that a reused pid is never taken for it.
"""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

CLOCK_TOLERANCE_S = 2.0
"""Creation times are computed from the wall clock, which may be set between two readings."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """created: Unix seconds."""

    name: str
    pid: int
    created: float
    executable: str


def record_process(run_dir: Path, name: str, pid: int) -> Path:
    path = run_dir / f"{name}.json"
    try:
        process = psutil.Process(pid)
        record = ProcessRecord(name, pid, process.create_time(), process.exe())
    except psutil.Error:  # it has ended already: there is nothing to find later
        return path
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record)))
    partial.replace(path)
    return path


def forget_process(path: Path, pid: int) -> None:
    """Removes the record unless a successor of the same name has replaced it."""
    record = _read(path)
    if record is not None and record.pid == pid:
        path.unlink(missing_ok=True)


def recorded_processes(run_dir: Path) -> list[tuple[ProcessRecord, psutil.Process]]:
    """Those that still run. Records of ended processes and unreadable records are removed."""
    found = []
    for path in sorted(run_dir.glob("*.json")):
        record = _read(path)
        process = None if record is None else _running(record)
        if record is None or process is None:
            path.unlink(missing_ok=True)
        else:
            found.append((record, process))
    return found


def _read(path: Path) -> ProcessRecord | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return ProcessRecord(**json.loads(path.read_text()))
    return None


def _running(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = (
            abs(process.create_time() - record.created) < CLOCK_TOLERANCE_S
            and process.status() != psutil.STATUS_ZOMBIE
            # an executable that an upgrade replaced is listed as "path (deleted)"
            and process.exe().removesuffix(" (deleted)") == record.executable.removesuffix(" (deleted)")
        )
    except psutil.Error:
        return None
    return process if same else None
