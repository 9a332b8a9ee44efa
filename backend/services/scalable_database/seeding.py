"""The command behind scripts/seed_indexes.py."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence

from backend.errors import AetherError
from backend.services.scalable_database.database import ScalableDatabase
from backend.services.scalable_database.drift import Drift
from backend.services.scalable_database.explain import Explanation
from backend.services.scalable_database.indexes import INDEXES
from backend.services.scalable_database.queries import Query

FINE, FOUND, UNUSABLE = 0, 1, 2


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="seed_indexes", description="The index table against a database.")
    parser.add_argument(
        "action", nargs="?", choices=("apply", "diff"), help="create what is missing, or only compare (exit 1: drift)"
    )
    parser.add_argument(
        "--explain", action="store_true", help="run every named query and judge its plan (exit 1: a fault)"
    )
    parser.add_argument("--url", help="MongoDB, instead of MONGO_URL")
    parser.add_argument("--database", help="database name, instead of MONGO_DB")
    options = parser.parse_args(arguments)
    if not options.action and not options.explain:
        options.action = "apply"
    return options


def show(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def drift_lines(drift: Drift) -> list[str]:
    rows = [
        *(f"missing    {name}" for name in drift.missing),
        *(f"extra      {name}" for name in drift.extra),
        *(f"different  {name}" for name in drift.different),
    ]
    return rows or [f"all {len(INDEXES)} indexes are as the table says"]


def explanation_line(explanation: Explanation) -> str:
    verdict = "; ".join(explanation.faults) or "ok"
    indexes = ", ".join(dict.fromkeys(explanation.indexes)) or "_id"
    counts = f"{explanation.examined} examined, {explanation.returned} returned"
    return f"{explanation.query:32} {indexes:28} {counts:32} {verdict}"


async def run(options: argparse.Namespace, url: str, name: str, queries: Sequence[Query]) -> int:
    database = ScalableDatabase(url, name, driver="pymongo", pool_min=0)
    await database.start(create_indexes=False)
    try:
        await database.ping()
        return await _act(database, options, queries)
    except AetherError as error:
        show([error.detail])
        return UNUSABLE
    finally:
        await database.close()


async def _act(database: ScalableDatabase, options: argparse.Namespace, queries: Sequence[Query]) -> int:
    code = FINE
    if options.action == "apply":
        show(f"created    {index}" for index in await database.ensure_indexes())
    if options.action:
        drift = await database.index_drift()
        show(drift_lines(drift))
        code = FOUND if drift else FINE
    if options.explain:
        explanations = [await database.explain(query) for query in queries]
        show(explanation_line(explanation) for explanation in explanations)
        code = FOUND if any(explanation.faults for explanation in explanations) else code
    return code


def main(arguments: Sequence[str], url: str, name: str, queries: Sequence[Query]) -> int:
    """url and name: of the settings; the options may name others. Exit codes: 0 fine, 1 a finding, 2 no server."""
    options = parse(arguments)
    url = options.url or url
    if not url or url == "memory://":
        show(["Name a MongoDB by MONGO_URL or --url. The embedded one prints its address at start."])
        return UNUSABLE
    return asyncio.run(run(options, url, options.database or name, queries))
