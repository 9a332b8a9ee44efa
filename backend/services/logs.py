"""Log set-up: every line, ours or a library's, is one JSON object on stdout.

What a user typed never reaches the log. Exception messages often repeat it, and so do the further lines of library
messages (the representation of a task, say): tracebacks are logged as types and frames, library messages by their
first line, and libraries are never asked for more than INFO, where some of them log whole requests.
"""

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, BinaryIO, cast

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer

MAX_FRAMES = 40
LIBRARY_LEVEL = logging.WARNING
SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")

_transform = ExceptionDictTransformer(show_locals=False, use_rich=False, max_frames=MAX_FRAMES)


def configure_logging(level: str, file: BinaryIO | None = None) -> None:
    """level: debug, info, warning or error, for our own events. file: stdout where None."""
    # Changed in place: loggers that were used before hold this list, and follow.
    processors = structlog.get_config()["processors"]
    processors[:] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        frames_only,
        structlog.processors.JSONRenderer(serializer=dumps),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(file or cast(BinaryIO, StandardOutput())),
        cache_logger_on_first_use=True,
    )
    _route_libraries(logging.getLevelNamesMapping()[level.upper()])


def _route_libraries(level: int) -> None:
    root = logging.getLogger()
    root.handlers = [LibraryHandler()]
    root.setLevel(max(level, LIBRARY_LEVEL))
    for name in SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        # Its start and stop lines say nothing that the launcher's do not.
        logger.setLevel(max(level, LIBRARY_LEVEL))
    # Its lines hold query strings; the request summary of the timing middleware replaces them.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)


class StandardOutput:
    """Whatever sys.stdout is when a line is written: loggers are cached, and tests put another stdout in its place."""

    def write(self, line: bytes) -> None:
        sys.stdout.buffer.write(line)

    def flush(self) -> None:
        sys.stdout.buffer.flush()


class LibraryHandler(logging.Handler):
    """Turns a record of the standard library's logging into one of our lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit their message
            message = str(record.msg)
        structlog.get_logger().log(
            record.levelno,
            message.splitlines()[0] if message else "",
            logger=record.name,
            exc_info=record.exc_info,
        )


def frames_only(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor: exc_info becomes the types and frames of the exception and of what caused it, without messages."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        event["exception"] = [_without_messages(stack) for stack in _transform(info)]
    return event


def _without_messages(stack: Mapping[str, Any]) -> dict[str, Any]:
    frames = [f"{frame['filename']}:{frame['lineno']} in {frame['name']}" for frame in stack["frames"]]
    members = [[_without_messages(inner) for inner in group] for group in stack["exceptions"]]
    return {"type": stack["exc_type"], "frames": frames} | ({"members": members} if members else {})


def dumps(event: object, **_options: object) -> bytes:
    """orjson; lone surrogates and integers beyond 64 bits, which it refuses, take the slower way. Never raises."""
    try:
        return orjson.dumps(event, default=_name_of, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except orjson.JSONEncodeError:
        return json.dumps(event, default=_name_of, skipkeys=True).encode()


def _name_of(value: object) -> str:
    """Objects are named, not shown: a request or a message logged by mistake tells nothing."""
    return f"<{type(value).__name__}>"
