"""Log lines: JSON, with what every line has, and without what a user typed."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from backend.domain.conversations import ContextItem
from backend.services.logs import LibraryHandler, configure_logging

MARKER = "zebra crossing"


class Output(io.BytesIO):
    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def output() -> Iterator[Output]:
    """What is logged during the test; the set-up of the process is as before afterwards."""
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    processors = config["processors"][:]
    file = Output()
    configure_logging("info", file)
    yield file
    config["processors"][:] = processors
    structlog.configure(**config)
    root.handlers = handlers
    root.setLevel(level)


def test_a_line_has_time_level_event_and_correlation_id(output: Output) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="mine"):
        structlog.get_logger().info("turn_closed", tokens=5)
    (line,) = output.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "turn_closed", "level": "info", "correlation_id": "mine", "tokens": 5}


def test_levels_below_the_setting_are_left_out(output: Output) -> None:
    structlog.get_logger().debug("detail")
    assert output.lines == []


def test_an_exception_is_logged_with_frames_and_causes_but_without_its_words(output: Output) -> None:
    def fail() -> None:
        try:
            int(MARKER)
        except ValueError as error:
            raise RuntimeError(MARKER) from error

    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("unexpected_exception")
    assert MARKER.encode() not in output.getvalue()
    outer, cause = output.lines[0]["exception"]
    assert (outer["type"], cause["type"]) == ("RuntimeError", "ValueError")
    assert outer["frames"][-1].endswith("in fail")
    assert "test_logs.py:" in outer["frames"][-1]


def test_members_of_an_exception_group_are_logged_the_same_way(output: Output) -> None:
    group = ExceptionGroup(MARKER, [ValueError(MARKER), KeyError(MARKER)])
    structlog.get_logger().error("failed", exc_info=group)
    assert MARKER.encode() not in output.getvalue()
    members = output.lines[0]["exception"][0]["members"]
    assert [stack["type"] for member in members for stack in member] == ["ValueError", "KeyError"]


def test_library_lines_are_ours_and_keep_only_their_first_line(output: Output) -> None:
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task %s>", MARKER)
    logging.getLogger("uvicorn.error").warning("Started")
    first, second = output.lines
    assert (first["event"], first["level"], first["logger"]) == (
        "Task exception was never retrieved",
        "error",
        "asyncio",
    )
    assert second["event"] == "Started"


def test_libraries_are_never_asked_for_what_they_debug(output: Output) -> None:
    configure_logging("debug", output)
    logging.getLogger("pymongo.command").debug(MARKER)
    logging.getLogger("groq").info(MARKER)
    logging.getLogger("uvicorn.access").info(MARKER)
    assert output.lines == []


@pytest.mark.parametrize("value", ["\ud800", 2**80, {"a": "\udfff"}, {("a", "b"): 1}, object()])
def test_no_value_can_break_a_line(output: Output, value: object) -> None:
    structlog.get_logger().info("odd", value=value)
    assert output.lines[0]["event"] == "odd"


def test_objects_are_named_and_not_shown(output: Output) -> None:
    structlog.get_logger().info("mistaken", ask=ContextItem("user", MARKER), error=ValueError(MARKER))
    assert (output.lines[0]["ask"], output.lines[0]["error"]) == ("<ContextItem>", "<ValueError>")


def test_a_library_line_whose_arguments_do_not_fit_is_logged_without_them(output: Output) -> None:
    record = logging.LogRecord("careless", logging.ERROR, __file__, 1, "%d items", (MARKER,), None)
    LibraryHandler().emit(record)
    assert output.lines[0]["event"] == "%d items"


def test_a_logger_that_was_used_before_follows_a_later_configuration(output: Output) -> None:
    log = structlog.get_logger()
    log.info("first")
    configure_logging("info", Output())
    with structlog.testing.capture_logs() as lines:
        log.info("second")
    assert [line["event"] for line in lines] == ["second"]
