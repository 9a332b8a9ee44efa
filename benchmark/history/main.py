"""The command behind scripts/generate_history.py."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from pymongo.errors import PyMongoError

from backend.services.embedded import StartError
from benchmark.history.documents import History
from benchmark.history.kept import DATABASE, kept_history
from benchmark.history.loading import load, to_standard_error
from benchmark.history.outline import Extent

DESCRIPTION = """\
Generates the history of an installation: users of whom few write most, their conversations, messages with receipts,
usage records (about as many as messages) and daily counters that agree with them. The same seed gives the same
documents. Without --url it goes into a data directory under .bench/history, which is used again while it fits."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="generate_history.py", description=DESCRIPTION)
    parser.add_argument(
        "--records", type=int, default=300_000, help="messages; about as many usage records come with them"
    )
    parser.add_argument("--url", help="a MongoDB that has none of these documents yet")
    parser.add_argument("--db", default=DATABASE, help="database name (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="with --url (%(default)s)")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=datetime.now(UTC).date(), help="last day, UTC (today)"
    )
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace) -> dict[str, int]:
    if options.url:
        history = History(Extent(options.records, options.until, options.seed))
        return await load(history, options.url, options.db, to_standard_error)
    kept = await kept_history(options.records, options.until, to_standard_error)
    sys.stdout.write(f"{kept.folder}\n")
    return kept.counts


def main(arguments: Sequence[str] | None = None) -> int:
    """0: it is there, 1: no database."""
    try:
        counts = asyncio.run(run(parse(arguments)))
    except (StartError, PyMongoError) as error:
        to_standard_error(str(error))
        return 1
    sys.stdout.writelines(f"{count:>12,} {name}\n" for name, count in counts.items())
    return 0
