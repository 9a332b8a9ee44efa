"""The index table against a real server, and the plan of every named query on real data."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from backend.domain.alerts import Alert
from backend.domain.audit import AuditAction
from backend.domain.budgets import Budget
from backend.domain.calibration.fit import Label
from backend.domain.calibration.history import CalibrationSettings
from backend.domain.instructions import Instructions
from backend.domain.one_time_tokens import Purpose
from backend.domain.users import Profile, UserRole
from backend.services.repositories.alerts import AlertRepository
from backend.services.repositories.api_keys import ApiKeyRepository
from backend.services.repositories.audit_log import AuditLogRepository
from backend.services.repositories.auth_sessions import AuthSessionRepository
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.controls import ControlRepository
from backend.services.repositories.external_identities import ExternalIdentityRepository
from backend.services.repositories.feedback import FeedbackRepository
from backend.services.repositories.folders import FolderRepository
from backend.services.repositories.idempotency import IdempotencyRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.metrics import MetricsRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.preferences import PreferenceRepository
from backend.services.repositories.prompts import PromptRepository
from backend.services.repositories.registry import NAMED_QUERIES
from backend.services.repositories.routing_labels import RoutingLabelRepository
from backend.services.repositories.routing_traffic import RoutingTrafficRepository, TrafficDay
from backend.services.repositories.second_factors import SecondFactorRepository
from backend.services.repositories.shares import ShareRepository
from backend.services.repositories.similar_answers import SimilarAnswersRepository
from backend.services.repositories.usage_totals import AdminUsageTotalsRepository
from backend.services.repositories.users import UserRepository
from backend.services.scalable_database import Query, ScalableDatabase
from backend.services.scalable_database.indexes import INDEXES
from backend.services.turn_log.documents import new_conversation
from backend.services.usage_closing import UsageClosing
from tests.servers import Servers
from tests.support.calibrations import make_fitted
from tests.support.database.contract.api_keys import make_api_key
from tests.support.database.contract.audit import make_entry
from tests.support.database.contract.external_identities import ADA
from tests.support.database.contract.feedback import make_feedback
from tests.support.database.contract.mail_links import make_token
from tests.support.database.contract.people import make_session
from tests.support.database.failpoints import failing
from tests.support.database.opening import Driver, opened, started
from tests.support.database.turns import NOW, make_call, make_outcome, make_turn
from tests.support.waiting import eventually

SCRIPT = Path(__file__).parents[3] / "scripts" / "seed_indexes.py"


async def seed(database: ScalableDatabase) -> None:
    """Something of everything, of several users, so that a bad plan has something to examine in vain."""
    async with started(database) as log:
        for user_id in ("user_ada", "user_eve", "user_bob"):
            starts = [make_turn(user_id) for _ in range(40)]
            await asyncio.gather(*(log.record(turn, make_outcome(make_call())) for turn in starts))
            for start in starts[:2]:
                turns = [make_turn(user_id, start.conversation_id) for _ in range(40)]
                await asyncio.gather(*(log.record(turn, make_outcome(make_call())) for turn in turns))
            days = [NOW - timedelta(days=age) for age in range(40)]
            await asyncio.gather(
                *(
                    log.record(make_turn(user_id), make_outcome(make_call(timestamp=day), finished_at=day))
                    for day in days
                )
            )
            await asyncio.gather(*(log.open(make_turn(user_id)) for _ in range(20)))
    await UsageClosing(AdminUsageTotalsRepository(database)).run(NOW)
    await _seed_shared_state(database)
    await _seed_conversations(database)
    await _seed_audit_log(database)
    await _seed_feedback(database)
    await _seed_prompts(database)
    await _seed_routing(database)


async def _seed_routing(database: ScalableDatabase) -> None:
    """Calibrations of a few instants, labels of three users, counts of many days."""
    labels, traffic = RoutingLabelRepository(database), RoutingTrafficRepository(database)
    await CalibrationRepository(database).configure(CalibrationSettings())
    await SimilarAnswersRepository(database).count("served")
    for number in range(90):
        at = NOW - timedelta(hours=number // 30)
        await CalibrationRepository(database).add(make_fitted(number + 1, at=at))
        await labels.put(f"user_{number % 3}", f"msg_{number}", "small", Label("math", 0.5, 1, 0.3, "thumbs", at))
        await traffic.add(TrafficDay(NOW.date() - timedelta(days=number // 3), f"domain_{number % 3}", large=1), NOW)


async def _seed_prompts(database: ScalableDatabase) -> None:
    for number in range(90):
        user_id = f"user_{number % 3}"
        await PromptRepository(database).create(user_id, "Explain", "Explain {{topic}}")
        await PreferenceRepository(database).change(user_id, Instructions("a nurse"))
    await database.collection("prompts").update_many({}, {"$set": {"updated_at": NOW}})


async def _seed_feedback(database: ScalableDatabase) -> None:
    verdicts = FeedbackRepository(database)
    for number in range(90):
        user_id, message_id = f"user_{number % 3}", f"msg_{number}"
        await verdicts.put(make_feedback(user_id, message_id, conversation_id=f"conv_{number % 9}"))


async def _seed_conversations(database: ScalableDatabase) -> None:
    """Of every state, folder, pinned or not, archived or not more than a page, all at a few instants."""
    empty = new_conversation(make_turn(), "What is a keyset?", 0)
    rows = []
    for number in range(1440):
        user_id, state = f"user_{number % 2}", ("kept", "temporary", "deleted")[number % 3]
        conversation_id = f"conv_{'0z'[number // 48 % 2]}{number:04}"  # the first and the last of all, for samples
        row = {**empty, "_id": conversation_id, "user_id": user_id, "state": state}
        row |= {"archived": number // 6 % 2 == 0, "pinned": number // 12 % 2 == 0}
        row |= {"folder_id": (None, "folder_1")[number // 24 % 2]}
        row |= {} if state == "kept" else {"purge_at": NOW}
        rows.append({**row, "updated_at": NOW - timedelta(minutes=number // 400)})
    await database.collection("conversations").insert_many(rows)
    database.now = lambda: NOW
    for number in range(90):
        await FolderRepository(database).create(f"user_{number % 2}", "Plans")
        await ShareRepository(database).create(f"user_{number % 2}", f"conv_{number}", "Plans", f"hash {number}", ())


async def _seed_audit_log(database: ScalableDatabase) -> None:
    """Of every combination of actor, user and action more than a page, all at a few instants."""
    entries = AuditLogRepository(database, timedelta(days=3650))
    for number in range(240):
        user_id, actor_id = f"user_{number % 2}", f"user_{number // 2 % 2}"
        action = (AuditAction.SIGNED_IN, AuditAction.BUDGET_CHANGED)[number // 4 % 2]
        at = NOW - timedelta(minutes=number // 100)
        await entries.add(make_entry(action, user_id=user_id, actor_id=actor_id, at=at))


async def _seed_shared_state(database: ScalableDatabase) -> None:
    later = datetime(2099, 1, 1, tzinfo=UTC)
    sessions, keys = AuthSessionRepository(database), IdempotencyRepository(database)
    for number in range(30):
        user_id = f"user_{number % 3}"
        role: UserRole = "admin" if number == 7 else "user"
        user = await UserRepository(database).create(f"u{number}@example.com", "hash", "U", role)
        await UserRepository(database).set_profile(user.id, Profile("U", "en", retention_days=90))
        if number == 3:
            await ControlRepository(database).set_budget(user.id, Budget(1000, None))
        for purpose in get_args(Purpose):
            token = make_token(f"{purpose} {number}", purpose)
            await OneTimeTokenRepository(database).create(replace(token, user_id=user.id, email=user.email))
        factors = SecondFactorRepository(database)
        await factors.begin(user.id, f"sealed {number}", NOW, later)
        if number % 2:
            await factors.enable(user.id, f"sealed {number}", NOW, 1, [f"{number} {code}" for code in range(10)])
        await MailRequestRepository(database).add("reset", user.email)
        who = replace(ADA, subject=f"subject {number}")
        await ExternalIdentityRepository(database).link(user.id, who)
        for _ in range(7):
            await sessions.create(make_session(user_id))
        session = make_session(user_id)
        await sessions.create(session)
        await sessions.rotate(session.id, user_id, session.token_hash, f"next {number}", later)
        if number % 2 == 0:
            await sessions.revoke(user_id, session.id)
        await keys.begin(user_id, f"key {number}", "body", f"req_{number}", later)
        api_key = make_api_key(f"key {number}", user.id)
        assert await ApiKeyRepository(database).create(api_key)
        if number % 2 == 0:
            await ApiKeyRepository(database).revoke(user.id, api_key.id)
        await LeaseRepository(database).acquire(f"lease {number}", "owner", 60)
        alert = Alert(f"alert_{number}", f"rule {number}", "warning", "ratio", 0.9, 0.8, 60, "m", later)
        await AlertRepository(database).fire(alert)
        if number % 2 == 0:
            await AlertRepository(database).resolve(replace(alert, resolved_at=later, resolved_value=0.1))
        bucket = later + timedelta(minutes=number)
        rollup = {"_id": f"w:{number}", "worker": "w", "level": "minute", "bucket": bucket, "expires_at": bucket}
        await MetricsRepository(database).upsert([rollup])


@pytest.fixture(scope="module")
def seeded_name(servers: Servers, mongo_url: str) -> Iterator[str]:
    """Of a database that nobody writes to afterwards."""

    async def fill(name: str) -> None:
        async with opened(mongo_url, name) as database:
            await database.ensure_indexes()
            await seed(database)

    with servers.database() as name:
        asyncio.run(fill(name))
        yield name


@pytest.fixture
async def seeded(mongo_url: str, seeded_name: str, driver: Driver) -> AsyncIterator[ScalableDatabase]:
    async with opened(mongo_url, seeded_name, driver) as database:
        yield database


async def test_every_named_query_has_a_good_plan_on_real_data(seeded: ScalableDatabase) -> None:
    explanations = [await seeded.explain(query) for query in NAMED_QUERIES]
    assert [row for row in explanations if row.faults] == []
    found_nothing = {row.query for row in explanations if row.returned == 0}
    assert found_nothing <= {
        *("messages.expired", "auth_sessions.live", "idempotency.expired_lease"),
        "users.erasure_due",
        *("second_factors.not_enabled", "second_factors.pending", "second_factors.with_code"),
    }


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        (Query("scan", "messages", lambda: {"content": "x"}, {}), "scans the whole collection"),
        (
            Query("sort", "messages", lambda: {"user_id": "user_ada"}, {}, sort=(("completed_at", 1),)),
            "sorts in memory",
        ),
        (
            Query("waste", "messages", lambda: {"user_id": "user_ada", "status": "failed"}, {}),
            "examines 25 documents to return 0",
        ),
        (
            Query("scan", "messages", lambda: {"content": "x"}, {}, stages=({"$count": "n"},), kind="aggregate"),
            "scans the whole collection",
        ),
        (Query("scan", "messages", lambda: {"content": "x"}, {}, kind="write"), "scans the whole collection"),
    ],
)
async def test_a_bad_plan_is_told(database: ScalableDatabase, query: Query, fault: str) -> None:
    async with started(database) as log:
        await asyncio.gather(*(log.open(make_turn()) for _ in range(12)), log.open(make_turn(content=None)))
    assert fault in (await database.explain(query)).faults


async def test_next_page_reads_no_more_than_it_returns(seeded: ScalableDatabase) -> None:
    """Also far into a list where every document has the same time."""
    for query in NAMED_QUERIES:
        if query.keyset is None or query.kind == "text":
            continue
        stored = await seeded.collection(query.collection).find_one({}, sort=[("_id", 1)])
        assert stored is not None
        where = query.sample_filter(stored)
        rows = await seeded.collection(query.collection).find(where, sort=list(query.order), limit=20).to_list(None)
        later = replace(
            query,
            where=partial(query.keyset.following, where, query.keyset.encode(rows[-1])),
            sample={},
        )
        explanation = await seeded.explain(later)
        assert (explanation.faults, explanation.returned > 0) == ((), True), explanation


async def test_drift_names_what_is_missing_extra_and_different(
    mongo_url: str, database_name: str, database: ScalableDatabase
) -> None:
    assert not await database.index_drift()
    users, messages = database.collection("users"), database.collection("messages")
    await users.drop_index("email")
    await users.create_index("email", name="email")
    await messages.drop_index("user_message")
    await messages.create_index("reasoning", name="of_nobody")
    drift = await database.index_drift()
    assert drift.missing == ("messages.user_message",)
    assert drift.extra == ("messages.of_nobody",)
    assert drift.different == ("users.email",)
    assert await database.ensure_indexes() == ["messages.user_message"]
    assert (await database.index_drift()).missing == ()


async def test_start_creates_missing_indexes_without_waiting(mongo_url: str, database_name: str) -> None:
    database = ScalableDatabase(mongo_url, database_name, pool_min=0)
    await database.start()
    try:

        async def complete() -> bool:
            return not await database.index_drift()

        await eventually(complete, 30)
    finally:
        await database.close()


async def test_building_an_index_may_take_longer_than_an_operation(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    async with opened(mongo_url, database_name, driver, timeout_s=1.0) as database:
        async with failing(mongo_url, "createIndexes", times=1, blockConnection=True, blockTimeMS=1500):
            assert len(await database.ensure_indexes()) == len(INDEXES)
        assert not await database.index_drift()


async def test_two_workers_create_indexes_at_once(mongo_url: str, database_name: str) -> None:
    async with opened(mongo_url, database_name) as one, opened(mongo_url, database_name) as two:
        await asyncio.gather(one.ensure_indexes(), two.ensure_indexes())
        assert not await one.index_drift()


async def seed_indexes(mongo_url: str, name: str, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *arguments, "--url", mongo_url, "--database", name, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_script_applies_compares_and_explains(mongo_url: str, database_name: str) -> None:
    code, output = await seed_indexes(mongo_url, database_name, "diff")
    assert code == 1
    assert output.count("missing ") == len(INDEXES)
    code, output = await seed_indexes(mongo_url, database_name, "apply")
    assert (code, output.count("created ")) == (0, len(INDEXES))
    code, output = await seed_indexes(mongo_url, database_name, "diff", "--explain")
    assert code == 0
    assert all(query.name in output for query in NAMED_QUERIES)
    async with opened(mongo_url, database_name) as database:
        await database.collection("users").drop_index("email")
    code, output = await seed_indexes(mongo_url, database_name, "--explain")
    assert code == 1
    assert "scans the whole collection" in output


async def test_script_says_so_where_there_is_no_server(database_name: str) -> None:
    code, output = await seed_indexes(
        "mongodb://127.0.0.1:9/?timeoutMS=200&serverSelectionTimeoutMS=200", database_name
    )
    assert code == 2
    assert "does not answer" in output
