"""Answers to similar questions: who gets them, what is audited, and when they end for everybody."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from backend.domain.audit import AuditAction
from backend.domain.preferences import RoutingPreferences, UserPreferences
from backend.domain.similarity.audit import AUDITED_SHARE, CEILING, SimilarFindings, answers_differ, is_audited
from backend.domain.usage import parse_usd
from backend.services.audit_log import AuditLog
from backend.services.bus import Bus
from backend.services.enhanced_ai_service import similar
from backend.services.llm.scripted import Reply, ScriptedProvider
from backend.services.redis_client import RedisClient
from backend.services.repositories.similar_answers import SimilarAnswersRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.similar_answers import SimilarAnswersSwitch
from tests.support.ai import ADA, NOBODY_LISTENS, Ai, ask, running_ai
from tests.support.monitoring import memory_database
from tests.support.waiting import eventually

ONE, OTHER = "How do I sort a list in Python?", "how can I sort a list in Python"
RECEIPT = {"cache": {"layer": "similar"}}


@dataclass
class Watch:
    """What was told."""

    enabled: bool = True
    told: list[str] = field(default_factory=list)

    async def served(self) -> None:
        self.told.append("served")

    async def audited(self, *, differed: bool) -> None:
        self.told.append("differed" if differed else "agreed")

    async def disputed(self, message_id: str, receipt: Mapping[str, Any] | None) -> None:
        self.told.append(f"disputed {message_id}")


@asynccontextmanager
async def asking(watch: Watch, *replies: Reply, wanted: bool = True) -> AsyncIterator[Ai]:
    async with running_ai(ScriptedProvider(*replies), similar=watch) as ai:
        ai.store.preferences.wanted = UserPreferences(routing=RoutingPreferences(similar_answers=wanted))
        yield ai


@pytest.fixture
def audits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Requests that are audited; nothing in it: none."""
    drawn: list[str] = []
    monkeypatch.setattr(similar, "is_audited", lambda _: bool(drawn))
    return drawn


async def answered(ai: Ai, message: str, **fields: object) -> Any:  # noqa: ANN401
    reply = await ai.service.process_ai_request(ask(message=message, **fields))
    await ai.service._tasks.wait(5.0)
    return reply


@pytest.mark.usefixtures("audits")
async def test_a_question_in_other_words_is_answered_from_the_first_and_says_so() -> None:
    watch = Watch()
    async with asking(watch) as ai:
        first = await answered(ai, ONE)
        again = await answered(ai, OTHER)
        assert (again.content, again.cost, ai.provider.started) == (first.content, "0", 1)
        assert (again.cache.layer, again.cache.question, again.cache.similarity) == ("similar", ONE, 1.0)
        assert again.cache.saved == first.cost
        assert ai.monitor.lookups[-1] == ("similar", parse_usd(first.cost))
        assert watch.told == ["served"]
        assert (await answered(ai, ONE)).cache.question is None


@pytest.mark.usefixtures("audits")
@pytest.mark.parametrize(
    ("message", "fields", "wanted", "enabled"),
    [
        ("How do I sort a list in Perl?", {}, True, True),
        (OTHER, {"agent_type": "atlas"}, True, True),
        (OTHER, {"agent_type": "quick"}, True, True),
        (OTHER, {"use_cache": False}, True, True),
        (OTHER, {"model": "openai/gpt-oss-120b"}, True, True),
        (OTHER, {}, False, True),
        (OTHER, {}, True, False),
    ],
)
async def test_nothing_else_is_reused(message: str, fields: dict[str, Any], wanted: bool, enabled: bool) -> None:
    watch = Watch()
    async with asking(watch) as ai:
        await answered(ai, ONE, agent_type="dev", model="openai/gpt-oss-20b")
        ai.store.preferences.wanted = UserPreferences(routing=RoutingPreferences(similar_answers=wanted))
        watch.enabled = enabled
        reply = await answered(ai, message, **{"agent_type": "dev", "model": "openai/gpt-oss-20b", **fields})
        assert (reply.cached, ai.provider.started, watch.told) == (False, 2, [])


@pytest.mark.parametrize(("fresh", "told"), [("Scripted answer.", "agreed"), ("Quite another reply.", "differed")])
async def test_an_audited_hit_is_asked_afresh_and_compared(audits: list[str], fresh: str, told: str) -> None:
    watch = Watch()
    audits.append("every one")
    async with asking(watch, Reply(), Reply(tokens=(fresh,))) as ai:
        await answered(ai, ONE)
        reply = await answered(ai, OTHER)
        assert (reply.content, reply.cached, ai.provider.started) == (fresh, False, 2)
        assert watch.told == [told]


@pytest.mark.usefixtures("audits")
async def test_what_was_reserved_for_a_call_is_given_back() -> None:
    async with asking(Watch()) as ai:
        await answered(ai, ONE)
        stream = await ai.service.open_stream(ask(message=OTHER))
        events = await ai.events(stream.stream_id)
        assert (events[-1][0], events[-1][1]["cache"]["layer"]) == ("done", "similar")
        assert (ai.provider.started, ai.unsettled) == (1, 0)


async def test_cleared_questions_are_forgotten_and_no_other_user_finds_any() -> None:
    async with asking(Watch()) as ai:
        await answered(ai, ONE)
        cache = ai.service._single._similar._cache
        await cache.remember_question(ADA, "scope", ONE, "key")
        assert await cache._questions.find(ADA, "scope", OTHER)
        assert await cache._questions.find("user_bob", "scope", OTHER) is None
        assert await cache._questions.find(ADA, "another scope", OTHER) is None
        cache._stack.drop_user(ADA)
        assert await cache._questions.find(ADA, "scope", OTHER) is None


def test_a_share_of_requests_is_audited_the_same_ones_everywhere() -> None:
    drawn = [is_audited(f"req_{number}") for number in range(4000)]
    assert drawn == [is_audited(f"req_{number}") for number in range(4000)]
    assert sum(drawn) == pytest.approx(4000 * AUDITED_SHARE, rel=0.2)
    assert not is_audited("req_1", share=0.0)
    assert is_audited("req_1", share=1.0)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("Use sorted(values) for a sorted copy.", "Call sorted(values): a sorted copy is returned.", False),
        ("Yes, grapes are fine.", "No, grapes are harmful.", True),
        ("Tak, to bezpieczne.", "Nie, to niebezpieczne.", True),
        ("The boiling point of water is 100 degrees.", "The boiling point of water is 90 degrees.", True),
        ("It was 1945.", "The war ended on 2 September 1945.", False),
        ("The answer is 12.", "Multiplying both gives the answer: 14", True),
        ("Photosynthesis turns light into sugar.", "Paris lies upon the river Seine.", True),
        ("42", "42", False),
        ("42", "43", True),
        ("", "", False),
    ],
)
def test_answers_differ_in_verdict_result_or_words(one: str, other: str, differ: bool) -> None:
    assert answers_differ(one, other) == answers_differ(other, one) == differ


@pytest.mark.parametrize(
    ("findings", "over"),
    [
        (SimilarFindings(served=10_000, audited=500), False),
        (SimilarFindings(audited=1, differed=1), False),
        (SimilarFindings(audited=2, differed=2), True),
        (SimilarFindings(audited=27, differed=2), True),
        (SimilarFindings(audited=28, differed=2), False),
        (SimilarFindings(audited=100, differed=5), True),
        (SimilarFindings(served=1000, disputed=15), False),
        (SimilarFindings(served=1000, disputed=40), True),
        (SimilarFindings(served=1, disputed=1), False),
        (SimilarFindings(served=0, disputed=2), False),
    ],
)
def test_the_ceiling_is_crossed_as_soon_as_that_is_beyond_doubt(findings: SimilarFindings, over: bool) -> None:
    assert findings.over_ceiling is over


class Entries:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str]] = []

    async def record(self, action: AuditAction, *, user_id: str | None, actor_id: str, answers: str) -> None:
        self.entries.append((action.value, actor_id, answers))


@dataclass
class Worker:
    switch: SimilarAnswersSwitch
    certain: list[float]
    audit: Entries


def worker(database: ScalableDatabase, *, allowed: bool = True) -> Worker:
    certain: list[float] = []
    audit = Entries()
    bus = Bus(RedisClient(NOBODY_LISTENS, "test", timeout_s=0.05))
    switch = SimilarAnswersSwitch(
        SimilarAnswersRepository(database),
        bus,
        cast(AuditLog, audit),
        allowed=allowed,
        certain=certain.append,
        deaf_s=0.01,
    )
    return Worker(switch, certain, audit)


async def test_false_hits_switch_them_off_everywhere_until_an_administrator_says_otherwise() -> None:
    async with memory_database() as database:
        one, other = worker(database), worker(database)
        await other.switch.start()
        for _ in range(30):
            await one.switch.audited(differed=False)
        for _ in range(2):
            await one.switch.audited(differed=True)
        assert one.switch.enabled
        await one.switch.audited(differed=True)
        assert not one.switch.enabled
        await eventually(lambda: not other.switch.enabled)
        await other.switch.audited(differed=True)
        assert one.audit.entries == [("similar_answers_switched", "aether", "off")]
        assert other.audit.entries == []
        assert one.certain[-2] < CEILING < one.certain[-1]
        reason = (await one.switch.look()).reason
        assert reason
        assert "false" in reason
        await one.switch.set_enabled(True, "user_admin")
        await eventually(lambda: other.switch.enabled)
        assert (await other.switch.look()).findings == SimilarFindings()
        assert one.audit.entries[-1] == ("similar_answers_switched", "user_admin", "on")
        await other.switch.close()


async def test_users_dispute_an_answer_once_and_only_similar_ones() -> None:
    async with memory_database() as database:
        switch = worker(database).switch
        for _ in range(200):
            await switch.served()
        receipts: list[tuple[str, dict[str, Any] | None]] = [("msg_1", RECEIPT), ("msg_1", RECEIPT), ("msg_3", None)]
        for message, receipt in [*receipts, ("msg_2", {"cache": None})]:
            await switch.disputed(message, receipt)
        assert (await switch.look()).findings == SimilarFindings(served=200, disputed=1)
        assert switch.enabled


async def test_a_deployment_may_forbid_them() -> None:
    async with memory_database() as database:
        switch = worker(database, allowed=False).switch
        await switch.set_enabled(True, "user_admin")
        assert not switch.enabled
