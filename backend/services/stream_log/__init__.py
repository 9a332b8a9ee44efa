"""Resumable streams of events, shared by all workers."""

from backend.services.stream_log.events import StreamEvent
from backend.services.stream_log.log import StreamLog
from backend.services.stream_log.writer import StreamWriter

__all__ = ["StreamEvent", "StreamLog", "StreamWriter"]
