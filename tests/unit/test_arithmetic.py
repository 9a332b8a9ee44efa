"""Sums in a text are calculated again, exactly; what cannot be read beyond doubt is left alone."""

import pytest

from backend.domain.answers.arithmetic import equations


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("3 + 4 = 7", True),
        ("so 12*13 = 155.", False),
        ("(3 + 4) * 2 = 14", True),
        ("2 + 3 * 4 = 20", False),
        ("16 - 3 - 4 = 9 eggs", True),
        ("7 - 10 = -3", True),
        ("-3 + 4 = 1", True),
        ("- 3 + 4 = 7", True),
        ("Step 1. 3 + 4 = 7", True),
        ("1) 3 + 4 = 8", False),
        ("$5 + $6 = $12", False),
        (r"\(3 \times 4 = 12\)", True),
        ("**3** + **4** = **8**", False),
        ("3 x 4 = 12", True),
        ("1 + 2**3 = 9", True),
        ("0.1 + 0.2 = 0.3", True),
        ("10 / 3 = 3.33", True),
        ("10 / 3 = 3.35", False),
        ("10 / 4 = 3", True),
        ("10 / 4 = 4", False),
        ("1,500 + 500 = 2,000", True),
        ("3,5 + 1,5 = 5", True),
        ("20% * 50 = 10", True),
        ("1/4 = 25%", True),
        ("1/4 = 26%", False),
    ],
)
def test_a_sum_is_right_where_the_exact_one_is_to_the_digits_shown(text: str, right: bool) -> None:
    assert [equation.right for equation in equations(text)] == [right]


@pytest.mark.parametrize(
    "text",
    [
        "5x + 3 + 4 = 10",
        "y - 3 + 5 = 4",
        "2(3 + 4) = 15",
        "1/3 + 1/6 = 1/2",
        "1 500 + 500 = 2 000",
        "the sum of 3 and 4 + 5 = 12",
        "3 + 4 = 7x",
        "a == 3 + 4",
        "assert 3 + 4 == 8",
        "x = 5",
        "1 / 0 = 3",
        "```\n3 + 4 = 9\n```",
        "1 + " * 100 + "1 = 2",
    ],
)
def test_what_may_mean_something_else_is_left_alone(text: str) -> None:
    assert not equations(text)
