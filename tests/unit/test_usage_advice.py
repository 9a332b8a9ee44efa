"""Advice follows from figures, names them, and is silent where there is nothing to say."""

from dataclasses import replace

from backend.domain.agents import TEAM
from backend.domain.calibration.evidence import Evidence
from backend.domain.daily_usage import COUNTERS, DailyUsage, total
from backend.domain.usage import PICO_PER_USD
from backend.domain.usage_advice import MINIMUM_REQUESTS, recommendations

EVIDENCE = Evidence()
PLAIN = DailyUsage("2026-11-22", "openai/gpt-oss-20b", "dev", requests=20, calls=20, prompt=4_000, completion=2_000)


def advise(*rows: DailyUsage) -> str:
    return "\n".join(recommendations(rows, total(rows), EVIDENCE))


def test_ordinary_usage_needs_no_advice() -> None:
    assert advise(PLAIN) == ""
    assert advise() == ""


def test_too_few_requests_tell_nothing() -> None:
    row = replace(PLAIN, requests=MINIMUM_REQUESTS - 1, agent=TEAM, unpriced=5, saved_cache=PICO_PER_USD)
    assert advise(row) == ""
    assert advise(replace(row, requests=MINIMUM_REQUESTS)) != ""


def test_mostly_teams() -> None:
    advice = advise(replace(PLAIN, requests=10), replace(PLAIN, agent=TEAM, requests=30))
    assert "75% of your requests asked several agents" in advice
    assert advise(replace(PLAIN, requests=30), replace(PLAIN, agent=TEAM, requests=10)) == ""


def test_long_prompts_that_the_vendor_does_not_know() -> None:
    long = replace(PLAIN, prompt=200_000, cached_prompt=20_000)
    advice = advise(long)
    assert "10000 prompt tokens on average" in advice
    assert "10% of them" in advice
    assert advise(replace(long, cached_prompt=100_000)) == ""
    assert advise(replace(long, calls=0)) == ""


def test_calls_without_a_price_are_pointed_out() -> None:
    assert advise(replace(PLAIN, unpriced=3)).startswith("3 calls went to models without a known price")


def test_savings_are_exact_by_their_source_and_never_without_evidence() -> None:
    advice = advise(replace(PLAIN, saved_routing=PICO_PER_USD - 1, saved_cache=5, cached_requests=4))
    assert "Routing saved 0.999999999999 USD against the large model alone; not calibrated: nothing is known" in advice
    assert "The cache saved 0.000000000005 USD; 4 of 20 requests were answered from it." in advice
    assert advise(replace(PLAIN, cost=5, baseline=9)) == ""


def test_routing_that_cost_more_is_told_too() -> None:
    assert "Routing cost 0.5 USD more than the large model alone" in advise(
        replace(PLAIN, saved_routing=-PICO_PER_USD // 2)
    )


def test_a_total_adds_every_counter_and_belongs_to_no_day() -> None:
    row = DailyUsage("2026-11-22", "model", "dev", *(3 for _ in COUNTERS))
    summed = total([row, row])
    assert all(getattr(summed, name) == 6 for name in COUNTERS)
    assert (summed.day, summed.model, summed.agent) == ("", "", "")
    assert summed.tokens == 12
    assert total([]) == DailyUsage("", "", "")
