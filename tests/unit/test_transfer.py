"""Formats that conversations are read from and written in."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.conversations import Conversation, Message
from backend.domain.transfer import (
    NotTransferable,
    TransferMessage,
    from_aether,
    from_chatgpt,
    markdown_heading,
    markdown_message,
    path_to,
    to_aether,
)
from backend.domain.transfer.aether import message_to_aether
from backend.domain.transfer.values import in_order, instant
from backend.errors import InvalidInput
from backend.services.transfer.documents import MAX_CONVERSATIONS, ImportDocument
from tests.support.chatgpt import conversation, node

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(1_699_564_800.25 + second, UTC)


def test_a_conversation_of_chatgpt_keeps_what_people_saw_with_its_branches() -> None:
    found = from_chatgpt(conversation(), NOW)
    assert (found.source_id, found.title, found.last_message_id) == ("6f1c-sums", "Sums", "a2")
    assert (found.created_at, found.updated_at) == (at(0), at(60))
    assert [(row.id, row.parent_id, row.role, row.content) for row in found.messages] == [
        ("q1", None, "user", "What is 1 + 1?"),
        ("a1", "q1", "assistant", "Three."),
        ("answer", "q1", "assistant", "Two."),
        ("q2", "answer", "user", "And this?\n\n[image]"),
        ("a2", "q2", "assistant", "A picture."),
    ]
    times = {row.id: row.created_at for row in found.messages}
    assert times["q1"] == at(1)
    assert times["a2"] == times["q2"] + timedelta(milliseconds=1), "it has no time of its own"


def test_the_branch_in_use_ends_at_what_people_saw_last() -> None:
    assert from_chatgpt(conversation(current_node="output"), NOW).last_message_id == "q1"
    assert from_chatgpt(conversation(current_node="nowhere"), NOW).last_message_id == "a2"
    assert from_chatgpt(conversation(current_node=None, is_archived=True), NOW).archived


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mapping": {}}, "no messages"),
        ({"mapping": []}, "no messages"),
        ({"mapping": {"x": {"message": {"author": {"role": "user"}}}}}, "no messages"),
        ({"id": None, "conversation_id": 7}, "no id"),
        (
            {"mapping": {"a": node("a", "b", "b", parts=["x"]), "b": node("b", "a", "a", parts=["y"])}},
            "circle",
        ),
        ({"mapping": {"a": node("a", None, parts=["x" * 1_000_001])}}, "too long"),
    ],
)
def test_what_cannot_be_read_says_why(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotTransferable, match=reason):
        from_chatgpt(conversation(**changes), NOW)


def test_a_circle_of_nodes_without_messages_is_no_way() -> None:
    nodes = {"a": node("a", "b", "b"), "b": node("b", "a", "a"), "q": node("q", "a", parts=["x"])}
    [message] = from_chatgpt(conversation(mapping=nodes, current_node="a"), NOW).messages
    assert message.parent_id is None


def test_times_that_are_none_are_replaced() -> None:
    values: list[object] = [
        None,
        "yesterday",
        float("nan"),
        float("inf"),
        1e300,
        -1,
        True,
        {"$date": 1},
        [],
        "9999-12-31",
    ]
    for value in values:
        assert instant(value, NOW) == NOW, value
    assert instant("2026-11-22T13:00:00+01:00", at(0)) == NOW
    assert instant(1_699_564_800.123456, NOW).microsecond == 123_000


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "id",
        "title",
        "mapping",
        "message",
        "author",
        "role",
        "content",
        "parts",
        "parent",
        "messages",
        "created_at",
        "q1",
    ]
)
documents = st.dictionaries(NAMES, junk | st.dictionaries(NAMES, junk | st.dictionaries(NAMES, junk)))


@given(documents)
def test_nothing_that_is_sent_breaks_a_reader(document: dict[str, Any]) -> None:
    for read in (from_chatgpt, from_aether):
        try:
            found = read({**document, "id": "x"}, NOW)
        except NotTransferable:
            continue
        assert {message.parent_id for message in found.messages} <= {None, *(row.id for row in found.messages)}


@st.composite
def trees(draw: st.DrawFn) -> list[TransferMessage]:
    """In any order, with parents that may not be there, at any times."""
    count = draw(st.integers(1, 12))
    rows = []
    for number in range(count):
        parent = draw(st.none() | st.integers(0, number - 1)) if number else draw(st.sampled_from((None, 99)))
        seconds = draw(st.integers(0, 5))
        rows.append(
            TransferMessage(
                id=f"m{number}",
                parent_id=None if parent is None else f"m{parent}",
                role=draw(st.sampled_from(("user", "assistant"))),
                content=draw(TEXT),
                created_at=NOW + timedelta(seconds=seconds),
                agent=draw(st.sampled_from((None, "dev", "team"))),
                status=draw(st.sampled_from(("complete", "interrupted", "failed"))),
            )
        )
    return draw(st.permutations(rows))


@given(trees())
def test_time_orders_every_branch(messages: list[TransferMessage]) -> None:
    ordered = in_order(messages)
    seen = {message.id: message for message in ordered}
    assert {row.id: row.parent_id for row in ordered} == {
        row.id: None if row.parent_id == "m99" else row.parent_id for row in messages
    }
    for message in ordered:
        if message.parent_id:
            assert message.created_at > seen[message.parent_id].created_at


@given(trees(), TEXT, st.booleans())
def test_an_export_is_read_as_it_was_written(messages: list[TransferMessage], title: str, pinned: bool) -> None:
    ordered = in_order(messages)
    tip = ordered[-1].id
    conversation = Conversation(
        "conv_1", "ada", title, "dev", tip, len(ordered), NOW, NOW + timedelta(days=1), pinned=pinned
    )
    rows = [
        Message(
            row.id, "conv_1", "ada", row.role, row.parent_id, row.content, row.status, row.agent, "r", row.created_at
        )
        for row in ordered
    ]
    document = {**to_aether(conversation), "messages": [message_to_aether(row) for row in rows]}
    found = from_aether(orjson.loads(orjson.dumps(document, option=orjson.OPT_UTC_Z)), NOW)
    assert found.messages == ordered
    assert (found.source_id, found.last_message_id, found.pinned) == ("conv_1", tip, pinned)
    assert (found.created_at, found.updated_at) == (conversation.created_at, conversation.updated_at)
    if title.strip():
        assert found.title == title.strip()


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdef")), st.sampled_from("abcdef"))
def test_a_path_ends_at_its_tip_and_visits_nothing_twice(parents: dict[str, str | None], tip: str) -> None:
    path = path_to(parents, tip)
    assert path[-1:] == ([tip] if tip in parents else [])
    assert len(set(path)) == len(path)
    assert all(parents[child] == parent for parent, child in pairwise(path))


def test_markdown_is_for_people_and_a_title_is_no_markup() -> None:
    conversation = Conversation("c", "ada", "# <b>*Sums*\nand more", "dev", "m", 2, NOW, NOW)
    assert markdown_heading(conversation) == "# \\# \\<b\\>\\*Sums\\* and more\n\n*2026-11-22*\n"
    message = Message("m", "c", "ada", "assistant", None, "```py\n1\n```", "complete", "dev", "r", NOW)
    assert markdown_message(message) == "\n## dev · 2026-11-22 12:00 UTC\n\n```py\n1\n```\n"
    assert "## You ·" in markdown_message(replace(message, role="user"))
    assert "*failed*" in markdown_message(replace(message, content="", status="failed"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"format":"aether","conversations":[{}}',
        b'{"format":"aether","conversations":[{},]}',
        b'{"format":"aether","conversations":[{}]',
        b'{"format":"aether","conversations":[{}]} x',
        b'{"format":"aether","conversations":[{}],}',
        b'{"format":"aether" "conversations":[]}',
        b'{"format":"aether","conversations":[{"a":NaN}]}',
        b'{"format":"aether","conversations":[{"a":' + b"[" * 100_000 + b"]}",
        b'{"format":"aether","conversations":[{"a":' + b"9" * 10_000 + b"}]}",
        b'{"format":"aether","conversations":["\xff"]}',
        b'{"format" : "aether", 7 : []}',
    ],
)
def test_a_body_that_is_no_json_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        ImportDocument.read(body)
    assert refused.value.code in ("invalid_json", "invalid_input")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"format": "aether"},
        {"conversations": []},
        {"format": "claude", "conversations": []},
        {"format": ["aether"], "conversations": []},
        {"format": "aether", "conversations": {}},
        {"format": "aether", "conversations": [1]},
        {"format": "aether", "conversations": [], "more": 1},
        {"format": "aether", "conversations": [{"mapping": {}}]},
        {"format": "chatgpt", "conversations": [{"messages": []}]},
        {"format": "aether", "conversations": [{}] * (MAX_CONVERSATIONS + 1)},
    ],
)
def test_a_body_of_another_shape_is_refused_as_a_whole(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        ImportDocument.read(orjson.dumps(document))
    assert refused.value.code == "invalid_input"


@given(st.lists(st.dictionaries(st.text(max_size=5), junk, max_size=3), max_size=5), st.booleans())
def test_the_conversations_are_those_of_the_body(rows: list[dict[str, Any]], format_last: bool) -> None:
    rows = [{**row, "messages": []} for row in rows]
    names = ["conversations", "format"] if format_last else ["format", "conversations"]
    whole = {"format": "aether", "conversations": rows}
    body = json.dumps({name: whole[name] for name in names}, indent=1)
    document = ImportDocument.read(f" \n{body}\n ".encode())
    assert (document.form, list(document.conversations())) == ("aether", rows)
