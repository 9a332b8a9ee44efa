"""Ties a run together: scenario after scenario, each one's figures written as soon as they are there."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import psutil

from benchmark.bench import Bench
from benchmark.cores import Cores, available_cores
from benchmark.document import write_part
from benchmark.errors import BenchmarkError
from benchmark.load.run import NO_WRK, wrk_program
from benchmark.machine import commit, describe_machine, load_average, own_versions
from benchmark.options import Options, parse_options
from benchmark.processes import stop_signal_ends_quietly
from benchmark.report import Results, markdown, merge, read_results, write_results
from benchmark.results import Scenario
from benchmark.scenarios import measure_of, scenario_names

FAILURES = (BenchmarkError, aiohttp.ClientError, psutil.Error, OSError)
"""What a server that ends, refuses or hangs (TimeoutError is one) does to a scenario: the others are still measured."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 where everything that was asked for has been measured, whatever the figures, else 1."""
    options = parse_options(scenario_names(), arguments)
    stop_signal_ends_quietly()
    try:
        return asyncio.run(run(options, available_cores()))
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


async def run(options: Options, cores: Cores) -> int:
    """Raises BenchmarkError where nothing can be measured at all."""
    results = read_results(options.docs / "benchmarks.json") if options.docs else None
    failed = 0
    with tempfile.TemporaryDirectory(prefix="aether-bench-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), options.runs, options.seconds, cores)
        os.sched_setaffinity(0, cores.rest)  # load comes from here
        if wrk_program() is None:
            bench.say(NO_WRK)
        for number, name in enumerate(options.scenarios, 1):
            sys.stderr.write(f"{name} ({number} of {len(options.scenarios)})\n")
            circumstances = (datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), commit(), load_average())
            scenario = await measured(name, bench)
            if scenario is None:
                failed += 1
                continue
            versions = own_versions() | bench.versions
            results = merge(results, describe_machine(), scenario, versions, circumstances)
            if options.docs:
                write(options.docs, results)
        if results:
            sys.stdout.write(markdown(results) + "\n")
    return 1 if failed else 0


async def measured(name: str, bench: Bench) -> Scenario | None:
    """None where it could not be measured: the reason is on stderr, and what was measured before stays."""
    try:
        return await measure_of(name)(bench)
    except FAILURES as error:
        bench.say(f"{name} failed: {type(error).__name__}: {error}")
        return None


def write(docs: Path, results: Results) -> None:
    write_results(docs / "benchmarks.json", results)
    write_part(docs / "benchmarks.md", markdown(results))
