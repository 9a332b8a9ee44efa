"""Money is exact to the last digit, and what has no price is never free."""

from decimal import Decimal, getcontext, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.models import CATALOGUE, Model
from backend.domain.usage import Price, TokenUsage, format_usd, parse_usd, sum_known

COUNT = st.integers(0, 10**9)
PICO = st.integers(-(10**24), 10**24)
RATE = st.integers(0, 10**8)


@st.composite
def usages(draw: st.DrawFn) -> TokenUsage:
    prompt, completion = draw(COUNT), draw(COUNT)
    return TokenUsage(prompt, draw(st.integers(0, prompt)), completion, draw(st.integers(0, completion)))


def dollars(usage: TokenUsage, price: Price) -> Decimal:
    """The bill as a vendor computes it: USD per million tokens, kind by kind."""
    cached = price.input if price.cached_input is None else price.cached_input
    rows = ((usage.prompt - usage.cached_prompt, price.input), (usage.cached_prompt, cached))
    with localcontext() as context:
        context.prec = 60
        return sum(
            (
                Decimal(tokens) * Decimal(rate).scaleb(-6) / Decimal(10**6)
                for tokens, rate in (*rows, (usage.completion, price.output))
            ),
            Decimal(0),
        )


@given(PICO)
def test_an_amount_survives_being_written_and_read(pico: int) -> None:
    text = format_usd(pico)
    assert text is not None
    assert parse_usd(text) == pico
    assert Fraction(text) == Fraction(pico, 10**12)


@given(PICO)
def test_amounts_are_plain_decimals_without_superfluous_digits(pico: int) -> None:
    text = format_usd(pico) or ""
    assert "e" not in text.lower()
    assert text == "0" or not text.strip("-").startswith("0") or text.strip("-").startswith("0.")
    assert "." not in text or text[-1] not in "0."


@pytest.mark.parametrize(
    ("pico", "text"),
    [(0, "0"), (1, "0.000000000001"), (12_345_000, "0.000012345"), (10**12, "1"), (-(10**11), "-0.1"), (None, None)],
)
def test_amounts_as_people_read_them(pico: int | None, text: str | None) -> None:
    assert format_usd(pico) == text


@pytest.mark.parametrize(
    "text", ["", "a", "1,5", "NaN", "sNaN", "Infinity", "-inf", "0.0000000000001", "1e-13", "1e99"]
)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="12 decimals"):
        parse_usd(text)


@given(st.integers(10**13, 10**20), st.integers(0, 10**12 - 1))
def test_reading_never_rounds_however_many_digits_there_are(whole: int, fraction: int) -> None:
    assert parse_usd(f"{whole}.{fraction:012d}") == whole * 10**12 + fraction


def test_a_thirteenth_decimal_is_refused_behind_any_number_of_zeros() -> None:
    with pytest.raises(ValueError, match="12 decimals"):
        parse_usd("1." + "0" * 40 + "1")


def test_reading_does_not_depend_on_the_caller_s_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 3
        assert parse_usd("1.234567890123") == 1_234_567_890_123
    assert getcontext().prec != 3


@given(usages(), RATE, st.none() | RATE, RATE)
def test_cost_is_the_vendor_s_bill(usage: TokenUsage, fresh: int, cached: int | None, output: int) -> None:
    price = Price("today", fresh, cached, output)
    assert Decimal(price.cost(usage)).scaleb(-12) == dollars(usage, price)


@given(st.lists(usages(), max_size=20), st.sampled_from([model for model in CATALOGUE if model.price]))
def test_the_cost_of_a_sum_is_the_sum_of_the_costs(parts: list[TokenUsage], model: Model) -> None:
    costs = [model.cost(part) for part in parts]
    assert sum_known(costs) == model.cost(sum(parts, TokenUsage()))


@given(usages())
def test_cached_tokens_are_part_of_the_prompt_and_reasoning_of_the_completion(usage: TokenUsage) -> None:
    assert usage.total == usage.prompt + usage.completion
    dear = Price("today", 7, 7, 11)
    assert dear.cost(usage) == 7 * usage.prompt + 11 * usage.completion


@given(usages())
def test_a_vendor_without_a_reduced_price_charges_cached_tokens_in_full(usage: TokenUsage) -> None:
    assert Price("today", 3, None, 5).cost(usage) == Price("today", 3, 3, 5).cost(usage)


@given(st.lists(st.integers(0, 10**18), max_size=50))
def test_sums_are_exact(amounts: list[int]) -> None:
    total: Decimal | int = sum(Decimal(amount) for amount in amounts)
    assert sum_known([*amounts]) == total


@given(st.lists(st.integers(0, 10**18), max_size=10), st.integers(0, 10))
def test_one_unknown_amount_makes_the_sum_unknown(amounts: list[int], position: int) -> None:
    assert sum_known([*amounts[:position], None, *amounts[position:]]) is None
