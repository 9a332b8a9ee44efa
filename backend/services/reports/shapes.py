"""What reports hold. Money in pico-dollars; days and months as ISO text in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from backend.domain.availability import Availability
from backend.domain.daily_usage import DailyUsage
from backend.domain.feedback import Verdicts
from backend.domain.leaderboard import Standing
from backend.services.repositories.usage import PeriodUsage


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Best first."""

    since: date
    agents: Sequence[Standing]
    models: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class CostRow:
    """id: of a user, an agent or a model. name: a user's address, None where the account is gone; else the id."""

    id: str
    name: str | None
    usage: DailyUsage


@dataclass(frozen=True, slots=True)
class CostReport:
    """rows: the dearest ones; total: of all of them, those that are not listed included."""

    since: date
    rows: Sequence[CostRow]
    total: DailyUsage


@dataclass(frozen=True, slots=True)
class DayReport:
    day: str
    users: int
    usage: DailyUsage
    verdicts: Verdicts
    availability: Availability


@dataclass(frozen=True, slots=True)
class BusinessReport:
    """days: every day of the period, oldest first. months: those that anything was used in, oldest first.

    complete False: MongoDB does not answer the monitor, so availability is that of one worker.
    """

    since: date
    days: Sequence[DayReport]
    months: Sequence[PeriodUsage]
    total: DailyUsage
    verdicts: Verdicts
    availability: Availability
    complete: bool
