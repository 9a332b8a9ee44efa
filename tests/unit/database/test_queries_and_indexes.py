"""Named queries, keyset cursors, the index table and command shapes, without a server."""

import importlib
import pkgutil
import re
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import InvalidInput
from backend.services import repositories
from backend.services.repositories.registry import NAMED_QUERIES
from backend.services.scalable_database import Keyset, Query
from backend.services.scalable_database.indexes import INDEXES
from backend.services.scalable_database.listener import command_shape, shape

BY_TEXT = Keyset("updated_at", -1, "text")
BY_OBJECT_ID = Keyset("created_at", 1, "object_id")
MILLISECOND = timedelta(milliseconds=1)
# Look-ups that tell who the user is, or that belong to the system or an administrator.
WITHOUT_USER = {
    "users.by_id",
    "users.by_email",
    "users.page",
    "users.page_of_role",
    "users.search",
    "users.search_of_role",
    "users.named",
    "users.change",
    "users.key_owner",
    "api_keys.by_hash",
    "api_keys.changed_since",
    "users.first_with_role",
    "users.with_budget",
    "controls.state",
    "controls.calibration",
    "controls.similar_answers",
    "controls.similar_enabled",
    "controls.similar_undisputed",
    "calibrations.page",
    "calibrations.by_version",
    "calibrations.latest",
    "routing_labels.newest",
    "routing_labels.sums",
    "routing_traffic.since",
    "routing_traffic.of_day",
    "ai_usage.cost_since",
    "users.retention_due",
    "users.erasure_due",
    "one_time_tokens.valid",
    "one_time_tokens.recent",
    "one_time_tokens.of_address",
    "mail_requests.due",
    "mail_requests.by_id",
    "auth_sessions.by_token_hash",
    "auth_sessions.revoked_since",
    "messages.expired",
    "conversations.purge_due",
    "feedback.tallies",
    "shares.by_token_hash",
    "usage_daily.totals",
    "usage_daily.cost",
    "usage_daily.dearest_users",
    "usage_daily.of_day",
    "usage_daily.users",
    "usage_daily.first",
    "usage_totals.since",
    "usage_totals.days",
    "usage_totals.of_day",
    "leases.available",
    "leases.held",
    "metrics.window",
    "metrics.one",
    "alerts.by_state",
    "alerts.firing_rule",
    "audit_log.page",
    "audit_log.counted",
    "audit_log.by_actor",
    "audit_log.by_action",
    "audit_log.by_actor_action",
    "external_identities.by_subject",
}


def test_every_query_of_every_repository_is_registered() -> None:
    found: set[int] = set()
    for info in pkgutil.iter_modules(repositories.__path__):
        module = importlib.import_module(f"{repositories.__name__}.{info.name}")
        found |= {id(value) for value in vars(module).values() if isinstance(value, Query)}
    assert found <= {id(query) for query in NAMED_QUERIES}


def test_query_names_are_unique() -> None:
    names = [query.name for query in NAMED_QUERIES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("query", NAMED_QUERIES, ids=lambda query: query.name)
def test_queries_of_user_data_carry_the_user(query: Query) -> None:
    assert ("user_id" in query.sample_filter({})) == (query.name not in WITHOUT_USER)


def test_index_names_are_unique_in_their_collection() -> None:
    names = [(index.collection, index.name) for index in INDEXES]
    assert len(names) == len(set(names))


def test_every_index_serves_a_named_query_a_rule_or_a_later_issue() -> None:
    known = {query.name for query in NAMED_QUERIES}
    for index in INDEXES:
        served = set(re.findall(r"[a-z_]+\.[a-z_]+", index.serves))
        assert served <= known, index
        assert served or index.serves.startswith("(") or "expireAfterSeconds" in index.options, index


@pytest.mark.parametrize("query", [query for query in NAMED_QUERIES if query.order], ids=lambda query: query.name)
def test_lists_end_in_a_unique_field_or_are_short(query: Query) -> None:
    short = {
        "users.search",
        "users.search_of_role",
        "alerts.by_state",
        "messages.expired",
        "usage_daily.of_user",
        "usage_daily.first",
        "calibrations.latest",
        "routing_traffic.since",
    }
    assert query.order[-1][0] == "_id" or query.name in short


@given(st.integers(0, 7_000_000_000_000_000), st.text("abcdefghij_0123456789", min_size=1, max_size=64))
def test_cursor_returns_what_it_was_made_of(microseconds: int, document_id: str) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    cursor = BY_TEXT.encode({"updated_at": at, "_id": document_id})
    found_at, found_id = BY_TEXT.decode(cursor)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert found_id == document_id
    assert timedelta(0) <= at - found_at < MILLISECOND


def test_cursor_of_object_ids() -> None:
    at, document_id = datetime(2026, 11, 22, tzinfo=UTC), ObjectId()
    assert BY_OBJECT_ID.decode(BY_OBJECT_ID.encode({"created_at": at, "_id": document_id})) == (at, document_id)


@given(st.text(max_size=200))
def test_whatever_is_sent_as_a_cursor_is_read_or_refused(text: str) -> None:
    for keyset in (BY_TEXT, BY_OBJECT_ID):
        try:
            at, document_id = keyset.decode(text)
        except InvalidInput:
            continue
        assert isinstance(at, datetime)
        assert isinstance(document_id, str | ObjectId)


def test_filter_of_the_next_page_keeps_the_owner_in_every_alternative() -> None:
    where = {"user_id": "user_ada"}
    cursor = BY_TEXT.encode({"updated_at": datetime(2026, 1, 1, tzinfo=UTC), "_id": "conv_1"})
    assert BY_TEXT.following(where, None) == where
    alternatives = BY_TEXT.following(where, cursor)["$or"]
    assert [alternative["user_id"] for alternative in alternatives] == ["user_ada", "user_ada"]


def test_shape_has_names_and_operators_and_no_values() -> None:
    where = {"user_id": "secret", "$or": [{"at": {"$lt": 5}}, {"_id": {"$in": ["secret"]}}], "deep": {"a": {"b": 1}}}
    assert shape(where) == {
        "user_id": "?",
        "$or": [{"at": {"$lt": "?"}}, {"_id": {"$in": "?"}}],
        "deep": {"a": {"b": "?"}},
    }


def test_shape_of_writes_tells_the_first_filter_and_their_number() -> None:
    updates = [{"q": {"_id": n}, "u": {"$set": {"content": "secret"}}} for n in range(3)]
    assert command_shape({"update": "messages", "updates": updates}) == {"q": {"_id": "?"}, "operations": 3}
    assert command_shape({"insert": "messages", "documents": [{"content": "secret"}]}) == {"operations": 1}
    pipeline = [{"$match": {"day": "x"}}, {"$group": {"_id": "$model"}}]
    shaped = command_shape({"aggregate": "usage_daily", "pipeline": pipeline})
    assert shaped == {"pipeline": [{"$match": {"day": "?"}}, {"$group": {"_id": "?"}}]}
