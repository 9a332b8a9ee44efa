"""scripts/converse.py: what it reads, how it waits and counts, and when it says that the books agree."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converse import figures
from converse.client import Answer, RequestFailed, problem_text
from converse.ledger import (
    Books,
    Totals,
    total_of_analytics,
    total_of_days,
    total_of_receipts,
    total_of_records,
)
from converse.options import parse_options
from converse.pace import Pace, Waits, retry_after
from converse.play import Player, Turn
from converse.questions import Question, QuestionsError, read_questions
from converse.receipts import MODES, TEAM_LAYER, Mode, Receipt, ReceiptError, read_receipt
from converse.report import Run, report
from converse.sse import ServerEvent, parse_events
from converse.tables import cross_table, share, table

SINGLE: dict[str, Any] = {
    "conversation_id": "conv_1",
    "agent": {"id": "dev", "name": "Dev", "role": "Developer"},
    "model_used": "small",
    "tokens_used": 30,
    "cost": "0.000000000007",
    "baseline_cost": "0.000000000009",
    "cached": False,
    "cache": None,
}
TEAM: dict[str, Any] = {
    "conversation_id": "conv_2",
    "individual_responses": [
        {"agent_type": "dev", "status": "ok", "model_used": "small"},
        {"agent_type": "atlas", "status": "ok", "model_used": "large"},
    ],
    "agents_used": ["dev", "atlas"],
    "synthesis_model": "large",
    "total_cost": "0.00000000001",
    "baseline_cost": "0.00000000002",
    "total_tokens": 90,
    "cached": False,
}


def receipt(cost: int | None = 7, baseline: int | None = 9, layer: str | None = None, tokens: int = 30) -> Receipt:
    return Receipt("conv_1", ("dev",), ("small",), tokens, cost, baseline, layer)


def turn(mode: Mode = "optimized", answer: Receipt | None = None, *, second: bool = False, number: int = 1) -> Turn:
    return Turn("second" if second else "first", mode, "coding", number, Answer(answer or receipt(), 0.5, 0.1))


async def lines(text: bytes) -> AsyncIterator[bytes]:
    for line in text.splitlines(keepends=True):
        yield line


async def events(text: bytes) -> list[ServerEvent]:
    return [event async for event in parse_events(lines(text))]


async def test_events_are_read_with_their_names_and_ids() -> None:
    text = b"id: 1\nevent: metadata\ndata: {}\n\n: a comment\n\nid: 2\r\nevent: token\r\ndata: a\r\ndata: b\r\n\r\n"
    assert await events(text) == [ServerEvent("metadata", "{}", "1"), ServerEvent("token", "a\nb", "2")]


async def test_an_event_keeps_the_last_id_and_its_name_ends_with_it() -> None:
    text = "id: 7\nevent: token\ndata: ż\n\ndata: next\n\n".encode()
    assert await events(text) == [ServerEvent("token", "ż", "7"), ServerEvent("message", "next", "7")]


async def test_an_event_that_the_end_cuts_off_is_none() -> None:
    assert await events(b"data: whole\n\nevent: done\ndata: cut") == [ServerEvent("message", "whole", "")]
    assert await events(b"event: done\n\n") == []


def test_a_receipt_of_one_agent() -> None:
    assert read_receipt("optimized", SINGLE) == receipt()
    cached = SINGLE | {"cached": True, "cache": {"layer": "l2", "age_s": 1.0}, "cost": "0"}
    assert read_receipt("stream", cached) == receipt(cost=0, layer="l2")
    assert read_receipt("stream", SINGLE | {"cost": None}).cost is None


def test_a_receipt_of_a_team_has_the_models_of_every_call() -> None:
    read = read_receipt("multi-agent", TEAM)
    assert (read.agents, read.models, read.cost, read.tokens) == (("dev", "atlas"), ("small", "large", "large"), 10, 90)
    assert read.layer is None
    assert read_receipt("multi-agent", TEAM | {"cached": True, "synthesis_model": None}).layer == TEAM_LAYER


def test_a_team_in_which_somebody_failed_is_an_error() -> None:
    responses = [TEAM["individual_responses"][0], {"agent_type": "sage", "status": "timed_out", "model_used": "small"}]
    with pytest.raises(ReceiptError, match="sage timed_out"):
        read_receipt("multi-agent", TEAM | {"individual_responses": responses})


@pytest.mark.parametrize("change", [{"agent": None}, {"cost": "a lot"}, {"cached": True}])
def test_a_receipt_that_lacks_something_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ReceiptError, match="cannot be read"):
        read_receipt("optimized", SINGLE | change)


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0, 1))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], part: float) -> None:
    found = figures.percentile(values, part)
    assert found in values
    assert sum(value <= found for value in values) >= part * len(values)
    assert all(sum(value <= smaller for value in values) < part * len(values) for smaller in values if smaller < found)


def test_percentiles_of_a_hundred() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [figures.percentile(values, part) for part in (0.5, 0.95, 0.99, 1)] == [50, 95, 99, 100]
    with pytest.raises(ValueError, match="no values"):
        figures.percentile([], 0.5)


@given(st.lists(st.integers(0, 10**15)))
def test_sums_are_exact_and_unknown_with_one_unknown(costs: list[int]) -> None:
    turns = [turn(answer=receipt(cost, cost + 1)) for cost in costs]
    assert figures.cost(turns) == sum(costs)
    assert figures.baseline(turns) == sum(costs) + len(costs)
    assert figures.cost([*turns, turn(answer=receipt(cost=None))]) is None


def test_counts_by_category_leave_errors_out() -> None:
    failed = Turn("first", "stream", "coding", 1, None, "503 overloaded: full")
    counts = figures.count_by_category([turn(), turn(), failed], agents=True)
    assert counts == {"coding": Counter(dev=2)}
    skipped = Turn("first", "stream", "coding", 2, None, "")
    assert figures.errors([turn(), failed, skipped]) == Counter(
        {"stream: 503 overloaded: full": 1, "stream: left out after an error": 1}
    )


def test_tables_are_markdown() -> None:
    assert table(("a|b", "n"), [("x\ny", 1), ("z", None)]) == "| a\\|b | n |\n| --- | ---: |\n| x y | 1 |\n| z | – |"
    counts = {"math": Counter(sage=1, dev=3), "code": Counter(dev=1)}
    assert cross_table("category", counts).splitlines()[0] == "| category | dev | sage |"
    assert cross_table("category", counts).splitlines()[-1] == "| all | 4 | 1 |"


@pytest.mark.parametrize(("part", "whole", "text"), [(1, 3, "33.3%"), (2, 2, "100.0%"), (0, 5, "0.0%"), (0, 0, "–")])
def test_shares(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


def test_the_books_as_mongodb_and_the_api_have_them() -> None:
    records = [
        {"request_id": "a", "prompt": 1, "completion": 2, "cost": 5, "baseline": 6},
        {"request_id": "a", "prompt": 3, "completion": 4, "cost": None, "baseline": None},
    ]
    assert total_of_records(records) == Totals(5, 6, 10, 1, 1)
    days = [{"cost": 5, "prompt": 4, "completion": 6, "requests": 1}, {"baseline": 6, "unpriced": 1}]
    assert total_of_days(days) == Totals(5, 6, 10, 1, 1)
    body = {
        "summary": {"total_tokens": 10, "total_requests": 1, "unpriced_calls": 1},
        "cost_analysis": {"total_cost": "0.000000000005", "baseline_cost": "0.000000000006"},
    }
    assert total_of_analytics(body) == Totals(5, 6, 10, 1, 1)


def test_what_was_in_the_books_before_does_not_count() -> None:
    before = Books(Totals(5, 5, 5, 1), Totals(5, 5, 5, 1), Totals(5, 5, 5, 1))
    after = Books(Totals(12, 14, 35, 2), Totals(12, 14, 35, 2), Totals(12, 14, 35, 2))
    assert after.since(before).agree_with(total_of_receipts([receipt()]))
    assert Books(None, None, Totals()).since(before).records is None


def test_reused_answers_have_a_baseline_in_the_days_but_no_call() -> None:
    receipts = total_of_receipts([receipt(), receipt(cost=0, layer="l1", tokens=0)])
    assert Books(Totals(7, 9, 30, 1), Totals(7, 18, 30, 2), Totals(7, 18, 30, 2)).agree_with(receipts)


@pytest.mark.parametrize("wrong", [Totals(8, 9, 30, 1), Totals(7, 8, 30, 1), Totals(7, 9, 31, 1), Totals()])
def test_one_pico_dollar_or_token_apart_is_apart(wrong: Totals) -> None:
    receipts, right = total_of_receipts([receipt()]), Totals(7, 9, 30, 1)
    assert Books(right, right, right).agree_with(receipts)
    assert not Books(right, wrong, right).agree_with(receipts)
    assert not Books(right, right, wrong).agree_with(receipts)
    assert not Books(None, None, wrong).agree_with(receipts)
    assert Books(wrong, right, right).agree_with(receipts) == ((wrong.cost, wrong.tokens) == (7, 30))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_wait_is_as_long_as_the_server_says_and_shared(clock: Clock) -> None:
    pace = Pace(60.0, clock.sleep, clock)
    assert pace.hold(429, {"Retry-After": "8"}, clock.now)
    assert pace.hold(503, {"Retry-After": "3"}, clock.now)
    await pace.until_free()
    assert clock.now == 108
    await pace.until_free()
    assert clock.now == 108
    assert pace.waits == Waits(2, 8.0)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {}), (503, {"Retry-After": "soon"}), (500, {"Retry-After": "1"}), (429, {"Retry-After": "61"})],
)
def test_other_failures_are_not_waited_for(status: int, headers: dict[str, str], clock: Clock) -> None:
    pace = Pace(60.0, clock.sleep, clock)
    assert not pace.hold(status, headers, clock.now)
    assert pace.waits == Waits()


def test_patience_ends(clock: Clock) -> None:
    pace = Pace(60.0, clock.sleep, clock)
    assert not pace.hold(429, {"Retry-After": "20"}, clock.now - 50)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("1.5", 1.5), ("-1", None), ("inf", None), ("nan", None)])
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": text}) == seconds


def test_questions_are_spread_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(f'{{"category": "c{row}", "turns": ["one", "two"]}}' for row in range(8)) + "\n\n")
    assert read_questions(path)[7] == Question("c7", ("one", "two"))
    assert [question.category for question in read_questions(path, 4)] == ["c0", "c2", "c4", "c6"]
    assert len(read_questions(path, 99)) == 8


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"turns": []}', '{"turns": [" "]}', '{"turns": [1]}', "null"])
def test_a_file_that_is_none_is_refused_with_its_place(line: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line)
    with pytest.raises(QuestionsError, match=r"questions\.jsonl"):
        read_questions(path)


def test_an_account_needs_both_halves(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--questions", "q.jsonl", "--email", "a@b.pl"])
    assert "go together" in capsys.readouterr().err
    options = parse_options(["--questions", "q.jsonl", "--limit", "3"])
    assert (options.limit, options.url, options.email) == (3, "http://127.0.0.1:8000", "")


def test_a_problem_is_named_by_its_code() -> None:
    body = b'{"status": 503, "code": "overloaded", "detail": "The server is full."}'
    assert problem_text(503, body) == "503 overloaded: The server is full."
    assert problem_text(502, b"<html>") == "502 without a problem document"


class Server:
    """Answers with the conversation it was asked in; fails where the message says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Mode, str, str | None]] = []

    async def ask(self, mode: Mode, message: str, conversation_id: str | None) -> Answer:
        self.asked.append((mode, message, conversation_id))
        if message == "fail":
            raise RequestFailed("502 upstream_error: The model failed.")
        agents, models = ("dev",), ("small",)
        return Answer(Receipt(f"{mode}-{message}", agents, models, 1, 1, 1, None), 0.1)


async def test_every_mode_has_its_own_conversation_and_continues_it() -> None:
    server, done = Server(), list[int]()
    player = Player(dict.fromkeys(MODES, server), 2, lambda: done.append(1))
    question = Question("c", ("one", "two"))
    turns = await player.first_pass([question])
    assert {(mode, message, where) for mode, message, where in server.asked} == {
        row for mode in MODES for row in ((mode, "one", None), (mode, "two", f"{mode}-one"))
    }
    assert [turn.number for turn in figures.of(turns, "stream")] == [1, 2]
    server.asked.clear()
    assert len(await player.second_pass([question])) == 3
    assert {where for _, _, where in server.asked} == {None}
    assert len(done) == 9


async def test_after_an_error_the_rest_of_its_conversation_is_left_out() -> None:
    done = list[int]()
    player = Player(dict.fromkeys(MODES, Server()), 9, lambda: done.append(1))
    turns = await player.first_pass([Question("c", ("fail", "two", "three"))])
    assert [turn.error for turn in figures.of(turns, "stream")] == ["502 upstream_error: The model failed.", "", ""]
    assert [turn.number for turn in figures.of(turns, "stream")] == [1, 2, 3]
    assert len(done) == 9


def run_of(turns: list[Turn], books: Totals) -> Run:
    return Run(turns, {"usr_1": Books(books, books, books)}, {"usr_1": list(MODES)}, Waits(2, 61.0), 5.0, 1)


def test_the_report_tells_cost_hits_and_that_the_books_agree() -> None:
    turns = [turn(mode) for mode in MODES]
    turns += [turn("optimized", receipt(cost=0, layer="l1", tokens=0), second=True)]
    run = run_of(turns, Totals(21, 36, 90, 4))
    text = report(run)
    assert run.succeeded
    assert "| all | 4 | 90 | 0.000000000021 | 0.000000000036 | 0.000000000015 |" in text
    assert "| chat/optimized | 1 | 1 | 0 | 0 | 0 | 0 | 100.0% |" in text
    assert "| chat/stream, first pass: to the first token | 1 | 0.100 | 0.100 | 0.100 |" in text
    assert "Equal to the last digit." in text
    assert "asked 2 times to come back later; 61 s were waited, all accounts together." in text


def test_books_that_differ_or_an_error_fail_the_run() -> None:
    apart = run_of([turn()], Totals(8, 9, 30, 1))
    assert not apart.succeeded
    assert "The books differ" in report(apart)
    failed = Turn("first", "stream", "coding", 1, None, "no answer: TimeoutError")
    assert not run_of([turn(), failed], Totals(7, 9, 30, 1)).succeeded
    assert "| stream: no answer: TimeoutError | 1 |" in report(run_of([turn(), failed], Totals(7, 9, 30, 1)))
