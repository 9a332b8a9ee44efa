"""What every command cost: figures for the monitor, a log line for the slow ones. Shapes, never values."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

DEPTH = 6
LISTED = 20
SHAPED = ("filter", "query", "q", "sort", "pipeline")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CommandEvent:
    """command: find, insert, ... collection: empty for commands that have none."""

    command: str
    collection: str
    seconds: float
    ok: bool


def shape(value: object, depth: int = DEPTH) -> object:
    """Field names and operators stay, every value becomes "?"."""
    if depth and isinstance(value, Mapping):
        return {key: shape(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, Sequence) and value and all(isinstance(item, Mapping) for item in value):
        return [shape(item, depth - 1) for item in value[:LISTED]]
    return "?"


def command_shape(command: Mapping[str, Any]) -> dict[str, Any]:
    """Filter, sort and pipeline of a command; of bulk writes the first filter and how many there are."""
    found = {name: shape(command[name]) for name in SHAPED if name in command}
    for batch in ("updates", "deletes"):
        if batch in command:
            found |= {"q": shape(command[batch][0]["q"]), "operations": len(command[batch])}
    if "documents" in command:
        found["operations"] = len(command["documents"])
    return found


BACKGROUND = {"createIndexes"}
"""As slow as there is much to index, and nobody waits for it."""


class CommandFeed(CommandListener):
    """Hands events to on_command on the event loop, whichever thread the driver works in; many at one wake-up."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_command: Callable[[CommandEvent], None] | None, slow_s: float
    ) -> None:
        self._loop = loop
        self._on_command = on_command
        self._slow_s = slow_s
        self._running: dict[int, Mapping[str, Any]] = {}
        self._ready: deque[CommandEvent] = deque()
        self._scheduled = False

    def started(self, event: CommandStartedEvent) -> None:
        self._running[event.request_id] = event.command

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._ended(event, ok=True)

    def failed(self, event: CommandFailedEvent) -> None:
        self._ended(event, ok=False)

    def _ended(self, event: CommandSucceededEvent | CommandFailedEvent, *, ok: bool) -> None:
        command = self._running.pop(event.request_id, {})
        target = command.get("collection" if event.command_name == "getMore" else event.command_name)
        name = target if isinstance(target, str) else ""
        seconds = event.duration_micros / 1e6
        if seconds >= self._slow_s and event.command_name not in BACKGROUND:
            log.warning(
                "slow_query",
                command=event.command_name,
                collection=name,
                seconds=round(seconds, 4),
                ok=ok,
                shape=command_shape(command),
            )
        if self._on_command:
            self._ready.append(CommandEvent(event.command_name, name, seconds, ok))
            self._schedule()

    def _schedule(self) -> None:
        # A stale False costs one needless wake-up, never a lost event: _drain empties the deque after clearing it.
        if self._scheduled or self._loop.is_closed():
            return
        self._scheduled = True
        self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._scheduled = False
        while self._ready:
            event = self._ready.popleft()
            if self._on_command:
                self._on_command(event)
