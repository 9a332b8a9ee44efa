"""The server's books of one user, read where they are kept and where the API shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from backend.domain.usage import parse_usd
from converse.receipts import Receipt

TIMEOUT_MS = 10_000
ANALYTICS_DAYS = 365


class LedgerError(Exception):
    """The books cannot be read; the message says which."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of one book. cost and baseline in pico-dollars. unpriced: entries of unknown cost, which cost leaves out."""

    cost: int = 0
    baseline: int = 0
    tokens: int = 0
    requests: int = 0
    unpriced: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def __sub__(self, other: "Totals") -> "Totals":
        return Totals(*(getattr(self, field.name) - getattr(other, field.name) for field in fields(self)))


def total_of_receipts(receipts: Iterable[Receipt]) -> Totals:
    rows = (Totals(row.cost or 0, row.baseline or 0, row.tokens, 1, int(row.cost is None)) for row in receipts)
    return sum(rows, Totals())


def total_of_records(records: Iterable[Mapping[str, Any]]) -> Totals:
    """Documents of ai_usage, one an upstream call; a request is counted by its id.

    Money stays integer. The baseline of reused answers is not there: nothing was called for them.
    """
    total, requests = Totals(), set[str]()
    for row in records:
        requests.add(row["request_id"])
        tokens = row["prompt"] + row["completion"]
        total += Totals(row["cost"] or 0, row["baseline"] or 0, tokens, 0, int(row["cost"] is None))
    return total + Totals(requests=len(requests))


def total_of_days(rows: Iterable[Mapping[str, Any]]) -> Totals:
    """Documents of usage_daily, whose counters are absent until they count something."""
    return sum(
        (
            Totals(
                row.get("cost", 0),
                row.get("baseline", 0),
                row.get("prompt", 0) + row.get("completion", 0),
                row.get("requests", 0),
                row.get("unpriced", 0),
            )
            for row in rows
        ),
        Totals(),
    )


def total_of_analytics(body: Mapping[str, Any]) -> Totals:
    """What GET /api/ai/v4/analytics/user says."""
    summary, costs = body["summary"], body["cost_analysis"]
    return Totals(
        parse_usd(costs["total_cost"]),
        parse_usd(costs["baseline_cost"]),
        summary["total_tokens"],
        summary["total_requests"],
        summary["unpriced_calls"],
    )


@dataclass(frozen=True, slots=True)
class Books:
    """records and days are None where the database is out of reach; then the API is the only witness."""

    records: Totals | None
    days: Totals | None
    analytics: Totals

    def since(self, earlier: "Books") -> "Books":
        """What was added after the earlier reading."""
        return Books(
            _difference(self.records, earlier.records),
            _difference(self.days, earlier.days),
            self.analytics - earlier.analytics,
        )

    def agree_with(self, receipts: Totals) -> bool:
        """Cost, baseline and tokens are the receipts' to the last digit; ai_usage has no baseline of reused answers."""
        whole = [book for book in (self.days, self.analytics) if book is not None]
        if any(
            (book.cost, book.baseline, book.tokens) != (receipts.cost, receipts.baseline, receipts.tokens)
            for book in whole
        ):
            return False
        return self.records is None or (self.records.cost, self.records.tokens) == (receipts.cost, receipts.tokens)


def _difference(now: Totals | None, before: Totals | None) -> Totals | None:
    return None if now is None or before is None else now - before


async def read_database(url: str, database: str, user_id: str) -> tuple[Totals, Totals]:
    """ai_usage and usage_daily of the user. Raises LedgerError."""
    try:
        async with AsyncMongoClient[dict[str, Any]](
            url, serverSelectionTimeoutMS=TIMEOUT_MS, timeoutMS=TIMEOUT_MS * 6, appname="converse"
        ) as client:
            books = client[database]
            records = await books["ai_usage"].find({"user_id": user_id}).to_list()
            days = await books["usage_daily"].find({"user_id": user_id}).to_list()
    except PyMongoError as error:
        raise LedgerError(f"The ledger in MongoDB cannot be read: {type(error).__name__}") from error
    return total_of_records(records), total_of_days(days)
