"""The report of a run in Markdown: who answered, what it cost, what the cache did, how long it took, the proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.domain.savings import saved_of
from converse import figures
from converse.ledger import Books, Totals, total_of_receipts
from converse.pace import Waits
from converse.play import Lap, Turn
from converse.receipts import MODES, TEAM_LAYER
from converse.tables import cross_table, dollars, seconds, share, table

LAYERS = ("l1", "l2", "l3", "coalesced", TEAM_LAYER)
LAPS: tuple[Lap, ...] = ("first", "second")
SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Run:
    """books: by account, what the run added to them; accounts: the modes that each account was used for."""

    turns: Sequence[Turn]
    books: Mapping[str, Books]
    accounts: Mapping[str, Sequence[str]]
    waits: Waits
    seconds: float
    questions: int

    def receipts_of(self, account: str) -> Totals:
        modes = self.accounts[account]
        return total_of_receipts(figures.receipts(turn for turn in self.turns if turn.mode in modes))

    @property
    def balanced(self) -> bool:
        return all(books.agree_with(self.receipts_of(account)) for account, books in self.books.items())

    @property
    def succeeded(self) -> bool:
        return self.balanced and not figures.errors(self.turns)


def report(run: Run) -> str:
    """Ends in a newline."""
    routed = [turn for turn in run.turns if turn.lap == "first" and turn.mode != "multi-agent"]
    team = figures.of(run.turns, "multi-agent", "first")
    sections = (
        (
            "Agents that answered (turns routed by content)",
            cross_table("category", figures.count_by_category(routed, agents=True)),
        ),
        (
            "Models that answered one agent's turns",
            cross_table("category", figures.count_by_category(routed, agents=False)),
        ),
        (
            "Models of five agents and their synthesis",
            cross_table("category", figures.count_by_category(team, agents=False)),
        ),
        ("Cost in USD, exact", cost_table(run.turns)),
        ("Second pass: the first turns again", cache_table(run.turns)),
        ("Latency in seconds, as the client saw it", latency_table(run.turns)),
        ("Errors", error_table(run)),
        ("Ledger against receipts", ledger_table(run)),
    )
    head = f"{run.questions} questions, {len(run.turns)} turns in {run.seconds:.0f} s."
    return "\n\n".join([head, *(f"### {title}\n\n{text}" for title, text in sections)]) + "\n"


def cost_table(turns: Sequence[Turn]) -> str:
    rows = []
    for name, chosen in [*((f"chat/{mode}", figures.of(turns, mode)) for mode in MODES), ("all", list(turns))]:
        receipts = figures.receipts(chosen)
        cost, baseline = figures.cost(chosen), figures.baseline(chosen)
        saved = saved_of(cost, baseline)
        tokens = sum(receipt.tokens for receipt in receipts)
        rows.append((name, len(receipts), tokens, dollars(cost), dollars(baseline), dollars(saved)))
    return table(("call", "answers", "tokens", "cost", "with the large model alone", "saved"), rows)


def cache_table(turns: Sequence[Turn]) -> str:
    rows = []
    for mode in MODES:
        receipts = figures.receipts(figures.of(turns, mode, "second"))
        layers = [sum(receipt.layer == layer for receipt in receipts) for layer in LAYERS]
        rows.append((f"chat/{mode}", len(receipts), *layers, share(sum(layers), len(receipts))))
    return table(("call", "answers", *LAYERS, "hits"), rows)


def latency_table(turns: Sequence[Turn]) -> str:
    rows: list[tuple[object, ...]] = []
    for lap in LAPS:
        for mode in MODES:
            answers = [turn.answer for turn in turns if turn.lap == lap and turn.mode == mode and turn.answer]
            name = f"chat/{mode}, {lap} pass"
            rows.append((name, *spread([answer.seconds for answer in answers])))
            first = [answer.first_token_s for answer in answers if answer.first_token_s is not None]
            if mode == "stream":
                rows.append((f"{name}: to the first token", *spread(first)))
    return table(("call", "answers", "p50", "p95", "p99"), rows)


def spread(values: Sequence[float]) -> tuple[object, ...]:
    if not values:
        return (0, *(None for _ in SHARES))
    return (len(values), *(seconds(figures.percentile(values, part)) for part in SHARES))


def error_table(run: Run) -> str:
    errors = figures.errors(run.turns)
    rows = [*sorted(errors.items()), ("all", errors.total())]
    waited = (
        f"The server asked {run.waits.count} times to come back later; "
        f"{run.waits.seconds:.0f} s were waited, all accounts together."
    )
    return f"{table(('error', 'times'), rows)}\n\n{waited}"


def ledger_table(run: Run) -> str:
    rows: list[tuple[object, ...]] = []
    for account, books in run.books.items():
        receipts = run.receipts_of(account)
        witnesses = (
            ("receipts", receipts),
            ("ai_usage", books.records),
            ("usage_daily", books.days),
            ("analytics/user", books.analytics),
        )
        modes = ", ".join(run.accounts[account])
        for name, totals in witnesses:
            rows.append((f"{modes}: {name}", *_cells(totals, calls_only=name == "ai_usage")))
    verdict = "Equal to the last digit." if run.balanced else "**The books differ.**"
    head = ("book", "answers", "tokens", "cost (pico-dollars)", "large model alone (pico-dollars)", "unpriced")
    return f"{table(head, rows)}\n\n{verdict} {EXPLANATION}"


EXPLANATION = (
    "One pico-dollar is 10⁻¹² USD; all amounts are integers. ai_usage has one record per upstream call, so it knows "
    "nothing of answers that were reused, neither their number nor what the large model would have cost."
)


def _cells(totals: Totals | None, *, calls_only: bool) -> tuple[object, ...]:
    if totals is None:
        return ("out of reach", None, None, None, None)
    if calls_only:
        return (None, totals.tokens, totals.cost, None, totals.unpriced)
    return (totals.requests, totals.tokens, totals.cost, totals.baseline, totals.unpriced)
