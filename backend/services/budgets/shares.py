"""What one worker grants of an account while Redis is away: a share of what MongoDB says is left."""

import time
from collections import Counter as Sums
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import TTLCache

from backend.services.budgets.hold import Part, Spent
from backend.services.limiter.ledger import GRANTED, HELD, SPENT, Verdict

SHARE = 4
READ_EVERY_S = 5.0
ACCOUNTS = 10_000
KEPT_S = 3600.0


@dataclass(slots=True)
class _Share:
    """spent: by everybody, when it was read. drawn: settled here since then. held: by claims of this worker."""

    spent: Spent = field(default_factory=dict)
    read_at: float | None = None
    drawn: Sums[str] = field(default_factory=Sums)
    held: dict[str, Sums[str]] = field(default_factory=dict)

    def taken(self, counter: str) -> int:
        return self.drawn[counter] + sum(amounts[counter] for amounts in self.held.values())


class Shares:
    """A worker grants a quarter of the rest and reads MongoDB anew every READ_EVERY_S seconds.

    So up to four workers cannot overshoot a limit together, and more of them by little: every reading ends it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shares: TTLCache[str, _Share] = TTLCache(ACCOUNTS, KEPT_S, timer=clock)

    async def reserve(self, part: Part) -> Verdict:
        """Raises what reading the database raises."""
        share = self._shares.setdefault(part.claim.key, _Share())
        if share.read_at is None or self._clock() - share.read_at >= READ_EVERY_S:
            drawn_before = share.drawn.copy()
            share.spent = await part.load()
            share.read_at = self._clock()
            share.drawn -= drawn_before
        for counter in part.claim.counters:
            if counter.limit is not None:
                left = counter.limit - share.spent.get(counter.name, 0)
                if counter.amount > left:
                    return Verdict(SPENT, counter.name)
                if share.taken(counter.name) + counter.amount > left // SHARE:
                    return Verdict(HELD, counter.name)
        share.held[part.claim.id] = Sums({counter.name: counter.amount for counter in part.claim.counters})
        return Verdict(GRANTED)

    def settle(self, part: Part, spent: Spent) -> None:
        share = self._shares.get(part.claim.key)
        if share and share.held.pop(part.claim.id, None) is not None:
            share.drawn.update(spent)
