"""The flags of one run."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.simulator.faults import FAULT_NAMES, Fault, parse_fault

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """ttft in seconds, tokens_per_second 0 for as fast as possible, max_body in bytes, fault_rate 0..1.

    stamped_tokens above 0: every answer has so many, each the instant of its sending (time.monotonic_ns).
    """

    port: int = 0
    ready_file: Path | None = None
    ttft: float = 0.0
    tokens_per_second: float = 0.0
    fault: Fault | None = None
    fault_rate: float = 1.0
    requests_per_day: int = 500_000
    tokens_per_minute: int = 10_000_000
    enforce_limits: bool = False
    max_body: int = 4 * MEBIBYTE
    fast: bool = False
    stamped_tokens: int = 0


def _non_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("expected a number that is not negative")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("expected a number from 0 to 1")
    return value


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parse_arguments(arguments: Sequence[str] | None = None) -> Options:
    """Options from the command line; ends the process with a usage message where it is wrong."""
    parser = argparse.ArgumentParser(prog="groq_simulator", description="A simulator of Groq's protocol on 127.0.0.1.")
    add = parser.add_argument
    defaults = Options()
    add("--port", type=int, default=8001, help="0 lets the system choose; see --ready-file")
    add("--ready-file", type=Path, help='written when listening: {"port": 40123, "pid": 4711}')
    add("--ttft", type=_non_negative, default=defaults.ttft, help="seconds to the first token")
    add("--tokens-per-second", type=_non_negative, default=0.0, help="0 (default): as fast as possible")
    add("--fault", type=_fault, help=f"fault of every request, with parameters: cut;after=5. One of {FAULT_NAMES}")
    add("--fault-rate", type=_rate, default=defaults.fault_rate, help="share of the requests that --fault strikes")
    add("--requests-per-day", type=int, default=defaults.requests_per_day)
    add("--tokens-per-minute", type=int, default=defaults.tokens_per_minute)
    add("--enforce-limits", action="store_true", help="answer 429 past the limits instead of only reporting them")
    add("--max-body", type=int, default=defaults.max_body, help="bytes of a request past which the answer is 413")
    add(
        "--fast",
        action="store_true",
        help="for benchmarks: no prompt cache, no limits, 256 answers at most",
    )
    add(
        "--stamped-tokens",
        type=int,
        default=0,
        help="for benchmarks: answers of so many tokens that tell their instant",
    )
    return Options(**vars(parser.parse_args(arguments)))
