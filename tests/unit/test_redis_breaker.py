from backend.services.redis_client.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=3, clock=Clock())
    assert [breaker.failed(), breaker.failed()] == [False, False]
    breaker.succeeded()
    assert [breaker.failed(), breaker.failed()] == [False, False]
    assert breaker.closed
    assert breaker.allows()
    assert breaker.failed(), "it tells that it has just opened"
    assert not breaker.closed
    assert not breaker.allows()
    assert not breaker.failed(), "it was open already"


def test_one_probe_per_cooldown_until_one_succeeds() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, cooldown_s=0.5, clock=clock)
    breaker.failed()
    for _ in range(3):
        clock.now += 0.51
        assert [breaker.allows() for _ in range(5)] == [True, False, False, False, False]
    assert breaker.succeeded(), "it tells that it has healed"
    assert breaker.closed
    assert all(breaker.allows() for _ in range(5))
    assert not breaker.succeeded()
