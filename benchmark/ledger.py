"""Whether what was measured is what was meant: that every answer is in the ledger, from the cache or not."""

from collections.abc import Sequence

from benchmark.aether import Account, Aether
from benchmark.results import Row, figure
from benchmark.rounds import Round

SUMMARY = "/api/ai/v4/analytics/user?days=2"


async def reuse(scenario: str, aether: Aether, accounts: Sequence[Account], rounds: Sequence[Round]) -> Row:
    """The share of these accounts' answers that came from the cache, in percent; the note counts what is stored."""
    summaries = [(await aether.call("GET", SUMMARY, account))["summary"] for account in accounts]
    stored = sum(one["total_requests"] for one in summaries)
    reused = sum(one["cached_requests"] for one in summaries)
    seen = sum(one.load.answers for one in rounds)
    note = f"{stored:,} turns are stored, of the warm-up and of what the load's end cut off too, for {seen:,} answers"
    return figure(scenario, "Aether, answers from the cache", [100 * reused / max(1, stored)], "%", note)
