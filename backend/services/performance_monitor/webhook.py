"""Posts alerts to an operator's webhook. Nobody waits for it, and its failure is a log line."""

import asyncio
from datetime import datetime
from typing import Any

import aiohttp
import structlog

from backend.domain.alerts import format_amount
from backend.services.performance_monitor.evaluation import Transition
from backend.services.tasks import end

WAITING_MAX = 100

log = structlog.get_logger()


def payload_of(transition: Transition) -> dict[str, Any]:
    """The body of the post, JSON. text is for people (Slack and its kind show it)."""
    alert = transition.alert
    return {
        "event": f"alert_{transition.kind}",
        "text": f"[{alert.severity}] {transition.kind}: {alert.message}",
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity,
        "value": format_amount(alert.value, alert.unit),
        "threshold": format_amount(alert.threshold, alert.unit),
        "window": alert.window_s,
        "fired_at": _text(alert.fired_at),
        "resolved_at": _text(alert.resolved_at) if alert.resolved_at else None,
    }


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


class Webhook:
    """One post after the other, in order. An empty url means that there is none."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._waiting: asyncio.Queue[Transition] = asyncio.Queue(WAITING_MAX)
        self._task: asyncio.Task[None] | None = None

    def post(self, transition: Transition) -> None:
        """Never waits: what does not fit into the queue is dropped and logged."""
        if not self._url:
            return
        try:
            self._waiting.put_nowait(transition)
        except asyncio.QueueFull:
            log.warning("alert_webhook_dropped", rule=transition.alert.rule, alert_event=transition.kind)

    async def start(self) -> None:
        if self._url and self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Posts what waits, within one timeout, then stops."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(self._timeout.total):
                await self._waiting.join()
        except TimeoutError:
            log.warning("alert_webhook_dropped", waiting=self._waiting.qsize())
        await end(self._task)  # aiohttp may turn a cancellation that meets its own deadline into a TimeoutError
        self._task = None

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            while True:
                transition = await self._waiting.get()
                try:
                    await self._send(session, transition)
                finally:
                    self._waiting.task_done()

    async def _send(self, session: aiohttp.ClientSession, transition: Transition) -> None:
        rule = transition.alert.rule
        try:
            async with session.post(self._url, json=payload_of(transition), allow_redirects=False) as response:
                if response.status >= 300:
                    log.warning("alert_webhook_refused", rule=rule, status=response.status)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("alert_webhook_failed", rule=rule, error=type(error).__name__)
