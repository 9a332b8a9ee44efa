import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.services.limiter.lease import Leases


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("limit", "quota"), [(1, 1), (3, 1), (4, 1), (20, 5), (40, 10)])
def test_a_quarter_of_the_limit_and_at_least_one(limit: int, quota: int) -> None:
    leases = Leases(limit, 60, Clock())
    assert sum(leases.draw("u") for _ in range(50)) == quota


def test_users_do_not_share_a_lease() -> None:
    leases = Leases(4, 60, Clock())
    assert [leases.draw("u"), leases.draw("u"), leases.draw("v")] == [True, False, True]


def test_what_is_settled_makes_room_and_what_comes_back_keeps_its_name() -> None:
    leases = Leases(8, 60, Clock())
    leases.draw("u")
    leases.draw("u")
    taken = leases.take_unsettled("u")
    assert leases.draw("u"), "a settled lease is a new lease"
    leases.give_back("u", taken)
    assert not leases.draw("u")
    again = leases.take_unsettled("u")
    assert again[:2] == taken
    assert len({draw.id for draw in again}) == 3


def test_a_refusal_by_redis_holds_here_too() -> None:
    clock = Clock()
    leases = Leases(20, 60, clock)
    leases.refuse_for("u", 10)
    assert not leases.draw("u")
    assert leases.free_in("u") == 10
    clock.now = 10
    assert leases.draw("u")


@given(st.integers(1, 40), st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60))
def test_never_more_than_the_quota_in_any_window_without_settling(limit: int, steps: list[tuple[float, bool]]) -> None:
    clock, window_s = Clock(), 60.0
    leases = Leases(limit, window_s, clock)
    granted: list[float] = []
    for pause, give_back in steps:
        clock.now += pause
        if give_back:  # a settlement that failed changes nothing
            leases.give_back("u", leases.take_unsettled("u"))
        free = leases.free_in("u") == 0
        assert leases.draw("u") == free
        if free:
            granted.append(clock.now)
        recent = [instant for instant in granted if instant > clock.now - window_s]
        assert len(recent) <= max(1, limit // 4)
