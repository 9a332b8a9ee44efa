"""What is held for one request, on the accounts that have a limit."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.domain.budgets import Amount
from backend.services.limiter.ledger import Claim

Spent = dict[str, int]
"""Amounts by the name of a counter."""


@dataclass(slots=True)
class Part:
    """One account's part. load: what MongoDB says was spent of it so far; frees_at: when each counter starts anew.

    limit: its name in the audit log. spent_of: the counters' share of what the request consumed. lent: granted while
    Redis was away.
    """

    name: str
    limit: str
    claim: Claim
    frees_at: Mapping[str, datetime]
    load: Callable[[], Awaitable[Spent]]
    spent_of: Callable[[Amount], Spent]
    lent: bool = False


@dataclass(slots=True)
class Hold:
    """user: the part that is reserved along with the rate limit. unpriced: its cost cannot be bounded.

    settled: nothing is held any more.
    """

    user: Part | None
    installation: Part | None
    unpriced: bool = False
    settled: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(part for part in (self.user, self.installation) if part)

    @property
    def claim(self) -> Claim | None:
        return self.user.claim if self.user and not self.unpriced else None
