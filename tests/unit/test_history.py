"""The generated history: its books agree, it is skewed as said, and the same seed makes the same documents."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from backend.domain.usage import parse_usd
from backend.services.performance_monitor.storage import Reading
from backend.services.scalable_database import ScalableDatabase
from backend.services.turn_log.counters import utc_day
from benchmark.history import rollups
from benchmark.history.documents import History, user_id
from benchmark.history.kept import AGE_MAX, Kept, read_manifest, write_manifest
from benchmark.history.outline import HEAVIEST_SHARE, Extent, threads, turns_of_users
from benchmark.history.words import FREQUENT, Texts
from tests.support.database.opening import started
from tests.support.database.turns import make_call, make_outcome, make_turn

Document = dict[str, Any]
EXTENT = Extent(messages=600, until=date(2026, 11, 22))
SUMS = ("calls", "prompt", "cached_prompt", "completion", "reasoning", "cost", "baseline", "saved_routing")


@cache
def documents(seed: int = 1) -> dict[str, list[Document]]:
    history = History(Extent(EXTENT.messages, EXTENT.until, seed), Texts(Random(1), 200, 300))
    found: dict[str, list[Document]] = defaultdict(list)
    for batch in history.batches():
        for collection, rows in batch.documents.items():
            found[collection].extend(rows)
    return found


def test_counters_are_the_sums_of_the_ledger() -> None:
    sums: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for record in documents()["ai_usage"]:
        key = (record["user_id"], utc_day(record["timestamp"]), record["model"], record["agent"])
        amounts = {**record, "calls": 1, "saved_routing": record["saved"]}
        sums[key].update({name: amounts[name] for name in SUMS})
    reused = {name for name in SUMS if name in ("baseline", "saved_routing")}
    rows = documents()["usage_daily"]
    assert len(rows) == len({tuple(row[name] for name in ("user_id", "day", "model", "agent")) for row in rows})
    for row in rows:
        key = (row["user_id"], row["day"], row["model"], row["agent"])
        for name in SUMS:
            counted = row.get(name, 0)
            assert counted == sums[key][name] or (name in reused and row.get("cached_requests")), (key, name)
    assert set(sums) <= {(row["user_id"], row["day"], row["model"], row["agent"]) for row in rows}


def test_every_answer_is_counted_once() -> None:
    answers = [message for message in documents()["messages"] if message["role"] == "assistant"]
    rows = documents()["usage_daily"]
    assert sum(row.get("requests", 0) for row in rows) == len(answers) == EXTENT.turns
    cached = [answer for answer in answers if answer["receipt"]["cached"]]
    assert sum(row.get("cached_requests", 0) for row in rows) == len(cached) > 0
    assert sum(row.get("saved_cache", 0) for row in rows) == sum(
        parse_usd(answer["receipt"]["cache"]["saved"]) for answer in cached
    )


def test_conversations_agree_with_their_messages_and_calls() -> None:
    costs: Counter[str] = Counter()
    for record in documents()["ai_usage"]:
        costs[record["conversation_id"]] += record["cost"]
    messages = defaultdict(list)
    for message in documents()["messages"]:
        messages[message["conversation_id"]].append(message)
    assert len(messages) == len(documents()["conversations"])
    for conversation in documents()["conversations"]:
        found = messages[conversation["_id"]]
        assert conversation["message_count"] == len(found)
        assert conversation["cost"] == costs[conversation["_id"]]
        assert conversation["last_message_id"] == found[-1]["message_id"]
        assert {message["user_id"] for message in found} == {conversation["user_id"]}
        assert [message["parent_id"] for message in found] == [None, *(one["message_id"] for one in found[:-1])]
        assert all(earlier["created_at"] < later["created_at"] for earlier, later in pairwise(found))
        assert EXTENT.begins <= conversation["created_at"] <= conversation["updated_at"]
        assert found[-1]["created_at"] <= EXTENT.ends


async def test_documents_have_the_fields_that_the_turn_log_stores() -> None:
    database = ScalableDatabase("memory://", "aether")
    await database.start()
    try:
        async with started(database) as log:
            await log.record(make_turn(), make_outcome(make_call()))
        for collection in ("messages", "conversations", "ai_usage", "usage_daily"):
            stored = await database.collection(collection).find({}).to_list(None)
            fields = {frozenset(row) for row in stored}
            generated = {frozenset(row) for row in documents()[collection]}
            if collection == "usage_daily":  # only what a row counts is there
                fields, generated = {frozenset().union(*fields)}, {frozenset().union(*generated)}
                assert next(iter(fields)) <= next(iter(generated))
            else:
                assert fields <= generated
    finally:
        await database.close()


def test_the_same_seed_makes_the_same_documents() -> None:
    again = documents.__wrapped__()
    assert again == documents()
    assert documents(2)["messages"] != documents()["messages"]


@pytest.mark.parametrize("messages", [10_000, 300_000])
def test_few_users_write_most(messages: int) -> None:
    extent = Extent(messages, EXTENT.until)
    turns = turns_of_users(extent)
    assert sum(turns) == extent.turns
    assert turns[0] / extent.turns == pytest.approx(HEAVIEST_SHARE, rel=0.1)
    assert sum(turns[: len(turns) // 5]) > extent.turns / 2
    assert turns[len(turns) // 2] < turns[0] / 4


def test_conversations_are_in_the_order_in_which_they_begin_and_mostly_short() -> None:
    planned = threads(Extent(10_000, EXTENT.until), Random(1))
    lengths = sorted(thread.turns for thread in planned)
    assert [thread.starts_at for thread in planned] == sorted(thread.starts_at for thread in planned)
    assert sum(lengths) == 5_000
    assert lengths[len(lengths) // 2] <= 2
    assert lengths[-1] >= 20


def test_words_are_as_uneven_as_those_of_a_language() -> None:
    texts, rng = Texts(Random(1), 2_000, 4_000), Random(2)
    found = Counter(word for _ in range(2_000) for word in texts.answer(rng).lower().replace(".", "").split())
    ranked = [word for word, _ in found.most_common()]
    assert ranked[0] == FREQUENT[0]
    assert found[ranked[0]] > 5 * found[ranked[9]] > 25 * found[ranked[499]] > 0


def test_a_kept_history_is_used_again_while_it_fits(tmp_path: Path) -> None:
    kept = Kept(tmp_path, EXTENT, {"messages": 600})
    assert read_manifest(tmp_path, EXTENT.messages, EXTENT.until) is None
    write_manifest(kept)
    assert read_manifest(tmp_path, EXTENT.messages, EXTENT.until + AGE_MAX) == kept
    assert read_manifest(tmp_path, EXTENT.messages, EXTENT.until + 2 * AGE_MAX) is None
    assert read_manifest(tmp_path, EXTENT.messages + 2, EXTENT.until) is None


def test_accounts_are_those_that_write() -> None:
    people = {user["_id"]: user for user in History(EXTENT, Texts(Random(1), 200, 10)).users()}
    assert {conversation["user_id"] for conversation in documents()["conversations"]} <= set(people)
    assert people[user_id(0)]["created_at"].tzinfo is UTC


def test_the_dashboard_reads_a_month_of_rollups() -> None:
    now = datetime(2026, 11, 22, 12, 30, tzinfo=UTC).timestamp()
    found = rollups.documents(now)
    by_level = Counter(row["level"] for row in found)
    assert (by_level["day"], by_level["hour"]) == (31, 25)
    assert len({row["_id"] for row in found}) == len(found)
    assert all(row["bucket"].timestamp() < now < row["expires_at"].timestamp() for row in found)
    figures = Reading([row for row in found if row["level"] == "day"], complete=True).figures()
    assert figures.merged("ai").counts["calls"] == 31 * 12 * rollups.SAMPLES
    assert figures.merged("request").sketch("seconds").quantile(0.5) == pytest.approx(0.01, rel=0.1)
