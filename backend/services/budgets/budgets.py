"""The face of the budgets: holds what a request may consume, refuses what is too much, settles what it did."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

import structlog

from backend.domain.budgets import NOTHING, Amount, Budget, BudgetDay, Caps
from backend.domain.usage import UsageRecord
from backend.errors import BudgetExceeded
from backend.services.budgets.accounts import BudgetAccounts
from backend.services.budgets.controls import Controls
from backend.services.budgets.hold import Hold, Part, Spent
from backend.services.budgets.shares import Shares
from backend.services.limiter.ledger import GRANTED, HELD, UNKNOWN, Ledger, Verdict
from backend.services.redis_client import RedisClient, RedisUnavailable
from backend.services.tasks import end

SETTLE_EVERY_S = 0.5
UNSETTLED = 100_000
MARGIN_S = 60.0
HELD_RETRY_S = 1.0

log = structlog.get_logger()


class Budgets:
    """usual: the budget of who has none of his own. Redis counts; MongoDB is the truth that an empty Redis starts from.

    While Redis is away each worker lends a share of the rest (shares.py), and what is settled meanwhile is told to
    Redis when it is back.
    """

    def __init__(
        self, redis: RedisClient, accounts: BudgetAccounts, controls: Controls, *, usual: Budget, caps: Caps
    ) -> None:
        self._accounts = accounts
        self._controls = controls
        self._usual = usual
        self.caps = caps
        self._ledger = Ledger(redis)
        self._shares = Shares()
        self._unsettled: dict[str, tuple[Part, Spent]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._settle_what_is_left(), name="budgets")

    async def close(self) -> None:
        await end(self._task)
        await self._settle_all()

    def hold(self, user_id: str, amount: Amount, lifetime_s: float, *, budget: Budget | None = None) -> Hold | None:
        """What has to be held for a request, None where nothing is limited. Nothing is reserved yet.

        amount: the most that it may consume. lifetime_s: the longest that it may take; a crash holds it little longer.
        budget: of the day, instead of the user's own or the usual one.
        """
        budget = budget or self._controls.budget(user_id) or self._usual
        if not budget and not self.caps:
            return None
        hold_s = lifetime_s + MARGIN_S
        return Hold(
            self._accounts.of_user(user_id, budget, amount, hold_s) if budget else None,
            self._accounts.of_installation(self.caps, amount, hold_s) if self.caps else None,
            unpriced=amount.cost is None and (budget.cost is not None or bool(self.caps)),
        )

    async def grant(self, hold: Hold, verdict: Verdict | None) -> None:
        """Reserves what is not reserved yet. verdict: of the round trip that asked for hold.claim, if one did.

        Raises BudgetExceeded; then nothing is held.
        """
        granted = False
        try:
            if hold.unpriced:
                raise BudgetExceeded(
                    "The price of this model is unknown, so a limit of cost cannot be kept.", limit="unpriced"
                )
            if hold.user:
                await self._grant(hold.user, verdict)
            if hold.installation:
                await self._grant(hold.installation, None)
            granted = True
        finally:
            if not granted:
                await self.release(hold)

    async def spend(self) -> tuple[int, int]:
        """Pico-dollars that the installation spent (this hour, this month), as the ledger in MongoDB has it."""
        return await self._accounts.spend()

    async def today(self, user_id: str) -> BudgetDay:
        """What is limited for the user, and what has been used of it; what requests under way hold is left out."""
        return await self._accounts.today(user_id, self._controls.budget(user_id) or self._usual)

    async def settle(self, hold: Hold | None, records: Iterable[UsageRecord]) -> None:
        """Once; what comes later for the same hold is ignored. Never raises for Redis."""
        calls = tuple(records)
        spent = Amount(sum(call.usage.total for call in calls), sum(call.cost or 0 for call in calls))
        await self._settle(hold, spent)

    async def release(self, hold: Hold | None) -> None:
        await self._settle(hold, NOTHING)

    async def _grant(self, part: Part, verdict: Verdict | None) -> None:
        try:
            verdict = verdict or await self._ledger.reserve(part.claim)
            if verdict.state == UNKNOWN:
                await self._ledger.seed(part.claim, await part.load())
                verdict = await self._ledger.reserve(part.claim)
            if verdict.state == UNKNOWN:
                raise RedisUnavailable("it keeps nothing")
        except RedisUnavailable:
            part.lent = True
            verdict = await self._shares.reserve(part)
        if verdict.state != GRANTED:
            raise _refusal(part, verdict, self._accounts.clock())

    async def _settle(self, hold: Hold | None, amount: Amount) -> None:
        if hold is None or hold.settled:
            return
        hold.settled = True
        parts = [(part, part.spent_of(amount)) for part in hold.parts]
        for part, spent in parts:
            self._note(part, spent)
        for part, spent in parts:
            await self._tell(part, spent)

    def _note(self, part: Part, spent: Spent) -> None:
        """From here on it is settled sooner or later, whatever becomes of the request."""
        self._shares.settle(part, spent)
        if len(self._unsettled) >= UNSETTLED:
            log.error("settlement_forgotten", unsettled=len(self._unsettled))
            del self._unsettled[next(iter(self._unsettled))]
        self._unsettled[part.claim.id] = (part, spent)

    async def _tell(self, part: Part, spent: Spent) -> None:
        try:
            await self._ledger.settle(part.claim, spent, unknown=part.lent)
        except RedisUnavailable:
            return  # the loop below tells it later
        self._unsettled.pop(part.claim.id, None)

    async def _settle_what_is_left(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_EVERY_S)
            await self._settle_all()

    async def _settle_all(self) -> None:
        for part, spent in tuple(self._unsettled.values()):
            await self._tell(part, spent)
            if part.claim.id in self._unsettled:
                return  # Redis is still away


def _refusal(part: Part, verdict: Verdict, now: datetime) -> BudgetExceeded:
    if verdict.state == HELD:
        return BudgetExceeded(
            f"What is left of {part.name} is held by requests under way: try again when they have ended.",
            limit=part.limit,
            retry_after=HELD_RETRY_S,
        )
    frees_at = part.frees_at[verdict.counter]
    unit = verdict.counter.partition(":")[0]
    return BudgetExceeded(
        f"What is left of {part.name} ({unit}) does not cover this request. It starts anew at "
        f"{frees_at:%Y-%m-%dT%H:%M:%SZ}.",
        limit=part.limit,
        retry_after=(frees_at - now).total_seconds(),
    )
