"""Refresh tokens in any order of use, replay, sign-out and time: a model says what has to come of each step."""

import asyncio
import hashlib
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backend.domain.users import User
from backend.errors import Unauthenticated
from backend.services.identity import ACCESS_LIFETIME_S, Tokens
from tests.support.identity import World

DAY = 86_400
GRACE_S, IDLE_S, LIFETIME_S = 10, 7 * DAY, 30 * DAY


@dataclass(slots=True)
class Family:
    """issued: its refresh tokens, the valid one last. used_at: when that one was issued, first to the family."""

    session_id: str
    began_at: float
    used_at: float
    issued: list[str] = field(repr=False)
    access: list[tuple[str, float]] = field(default_factory=list, repr=False)
    ended: bool = False

    def lives(self, now: float) -> bool:
        return not self.ended and now < min(self.began_at + LIFETIME_S, self.used_at + IDLE_S)

    def answers(self, place: int, now: float) -> bool:
        """Whether the token at that place is exchanged."""
        last = len(self.issued) - 1
        if not self.lives(now):
            return False
        return place == last or (place == last - 1 and now - self.used_at <= GRACE_S)


class RefreshHistory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.identity = self.world.identity()
        self.families: list[Family] = []
        self.user = User("user_ada", "ada@example.com", "Ada", "user", "free", self.world.clock.instant)
        self.world.users.rows[self.user.id] = self.user

    def teardown(self) -> None:
        self.runner.close()

    @property
    def now(self) -> float:
        return self.world.clock.now

    def exchange(self, token: str) -> Tokens | None:
        try:
            return self.runner.run(self.identity.refresh(token))
        except Unauthenticated:
            return None

    @precondition(lambda self: sum(family.lives(self.now) for family in self.families) < 2)
    @rule()
    def sign_in(self) -> None:
        tokens = self.runner.run(self.identity.sign_in(self.user, "a browser"))
        family = Family(tokens.session.id, self.now, self.now, [tokens.refresh_token])
        family.access.append((tokens.access_token, self.now))
        self.families.append(family)

    @precondition(lambda self: self.families)
    @rule(which=st.integers(0, 99), age=st.integers(0, 3))
    def use(self, which: int, age: int) -> None:
        """The valid token, or one that was replaced so many times."""
        family = self.families[-1 - which % min(len(self.families), 3)]
        place = max(0, len(family.issued) - 1 - age)
        self._expect(family, place, self.exchange(family.issued[place]))

    @precondition(lambda self: self.families)
    @rule(which=st.integers(0, 99), seconds=st.sampled_from([0, 9, 10, 11, 19, 21]))
    def repeat(self, which: int, seconds: int) -> None:
        """As after an answer that was lost."""
        self.use(which, 0)
        self.wait(seconds)
        self.use(which, 1)

    @precondition(lambda self: self.families)
    @rule(which=st.integers(0, 99), days=st.integers(1, 6))
    def come_back(self, which: int, days: int) -> None:
        """Again and again, for six times as many days."""
        for _ in range(6):
            self.wait(days * DAY)
            self.use(which, 0)

    @precondition(lambda self: self.families)
    @rule(which=st.integers(0, 99), at_once=st.integers(2, 5))
    def use_at_once(self, which: int, at_once: int) -> None:
        family = self.families[-1 - which % min(len(self.families), 3)]
        place = len(family.issued) - 1

        async def all_of_them() -> list[Tokens | BaseException]:
            tries = (self.identity.refresh(family.issued[place]) for _ in range(at_once))
            return await asyncio.gather(*tries, return_exceptions=True)

        answers = [one if isinstance(one, Tokens) else None for one in self.runner.run(all_of_them())]
        assert len({one.refresh_token if one else None for one in answers}) == 1
        self._expect(family, place, answers[0])

    @precondition(lambda self: self.families)
    @rule(which=st.integers(0, 99))
    def sign_out(self, which: int) -> None:
        family = self.families[-1 - which % min(len(self.families), 3)]
        ended = self.runner.run(self.identity.end_session(self.user.id, family.session_id))
        assert ended == family.lives(self.now)
        family.ended |= ended

    @rule(seconds=st.sampled_from([1, 9, 10, 11, 11, 60, ACCESS_LIFETIME_S, DAY, 6 * DAY, 7 * DAY]))
    def wait(self, seconds: int) -> None:
        self.world.clock.now += seconds

    def _expect(self, family: Family, place: int, answer: Tokens | None) -> None:
        last = len(family.issued) - 1
        assert (answer is not None) == family.answers(place, self.now)
        if answer is None:
            # Whoever shows an old token ends the family; what has ended stays so.
            family.ended |= place < last
            return
        family.access.append((answer.access_token, self.now))
        if place == last:
            assert answer.refresh_token not in family.issued
            family.issued.append(answer.refresh_token)
            family.used_at = self.now
        else:
            assert answer.refresh_token == family.issued[-1]

    @invariant()
    def only_what_the_model_says_is_live(self) -> None:
        listed, _ = self.runner.run(self.identity.sessions(self.user.id, 100, None))
        live = {family.session_id for family in self.families if family.lives(self.now)}
        assert {session.id for session in listed} == live

    @invariant()
    def an_ended_family_has_no_valid_access_token(self) -> None:
        for family in self.families:
            for token, issued_at in family.access:
                valid = not family.ended and self.now < issued_at + ACCESS_LIFETIME_S
                assert self._is_valid(token) == valid

    @invariant()
    def a_family_has_one_valid_refresh_token_at_most(self) -> None:
        for family in self.families:
            stored = self.world.sessions.rows[family.session_id]
            hashes = [self._hash(token) for token in family.issued]
            assert hashes.count(stored.token_hash) == 1
            assert hashes[-1] == stored.token_hash

    def _is_valid(self, token: str) -> bool:
        try:
            self.identity.verify(token)
        except Unauthenticated:
            return False
        return True

    def _hash(self, token: str) -> str:
        return hashlib.sha256(token.rpartition(".")[2].encode()).hexdigest()


TestRefreshHistory = RefreshHistory.TestCase
TestRefreshHistory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
