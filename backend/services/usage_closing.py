"""Closes days: what all users consumed on them is summed once, for the reports, when nothing is counted any more."""

from datetime import UTC, date, datetime, timedelta

from backend.services.repositories.usage_totals import AdminUsageTotalsRepository

LATE = timedelta(hours=1)
"""After its end a day is over for every request that began on it: none takes as long."""
DAYS_AT_ONCE = 10


class UsageClosing:
    """For one worker at a time, the one that sweeps: what a sweep counts on a closed day opens it again."""

    def __init__(self, totals: AdminUsageTotalsRepository) -> None:
        self._totals = totals

    async def run(self, now: datetime) -> int:
        """How many days were closed, oldest first and DAYS_AT_ONCE at most: the next run goes on."""
        days = (await self._totals.missing(last_over(now)))[:DAYS_AT_ONCE]
        for day in days:
            await self._totals.close(day)
        return len(days)


def last_over(now: datetime) -> date:
    return (now.astimezone(UTC) - LATE).date() - timedelta(days=1)
