"""Which of two answers is better, where their texts say so."""

import pytest

from backend.domain.calibration.agreement import COMPARED_CHARACTERS, compare_answers, final_answer

PROGRAM = "Here it is:\n```python\ndef double(n):\n    # twice\n    return 2*n\n```"
SAME_PROGRAM = "```python\ndef double(n):\n    return 2 * n\n```\nIt doubles."


@pytest.mark.parametrize(
    ("question", "small", "large", "gain"),
    [
        ("What is 17 * 3?", "17 times 3 makes 51. The answer is 51.", "Answer: **51**", 0),
        ("What is 17 * 3?", "The answer is 54.", "The answer is 51.", None),
        ("Ile to 1200 + 0?", "Odpowiedź: 1,200", "Odpowiedź to 1200.0", 0),
        ("Which one: (A) iron, (B) gold?", "The answer is (B).", "B", 0),
        ("Which one: (A) iron, (B) gold?", "The answer is (A).", "B", None),
        ("Solve it.", r"So x is \boxed{\frac12}", r"We get $\boxed{\frac12}$.", 0),
        ("Is the sky blue?", "Yes,  it is.", "yes, it is.", 0),
        ("Is the sky blue?", "Yes, it is.", "It is, in daylight.", None),
        ("Write a function that doubles a number.", PROGRAM, SAME_PROGRAM, 0),
        ("Write a function that doubles a number.", PROGRAM, SAME_PROGRAM.replace("2 *", "3 *"), None),
        ("Reply with JSON.", '{"b": 1, "a": [2]}', '```json\n{"a": [2], "b": 1}\n```', 0),
        ("Reply with JSON.", '{"b": 1', '{"b": 1}', 1),
        ("Reply with JSON.", '{"b": 1}', '{"b": 1', -1),
        ("Say something.", "x" * (COMPARED_CHARACTERS + 1), "x" * (COMPARED_CHARACTERS + 1), None),
    ],
)
def test_what_can_be_told_without_a_judge(question: str, small: str, large: str, gain: int | None) -> None:
    assert compare_answers(question, small, large) == gain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("42", "42"),
        ("(C)", "C"),
        ("First the answer is 3. No: the answer is 4.", "4"),
        ("#### 1,024", "1024"),
        ("The answer is a matter of taste.", None),
        ("There are 3 reasons, and 12 more.", None),
        ("Answer: A good question", None),
        ("", None),
    ],
)
def test_a_final_answer_is_found_where_it_is_stated(text: str, found: str | None) -> None:
    assert final_answer(text) == found


def test_a_program_with_a_doubtful_escape_is_read_without_a_warning_that_shows_it() -> None:
    program = '```python\nimport re\nprint(re.findall("\\d", "a1"))\n```'
    assert compare_answers("Find digits.", program, program.replace("import re", "import  re  # digits")) == 0


def test_a_program_that_is_too_deep_to_read_is_left_to_the_judge() -> None:
    deep = "```python\nprint(" + "(" * 5000 + ")" * 5000 + ")\n```"
    assert compare_answers("Nest it.", deep, deep + " ") == 0, "the same words"
    assert compare_answers("Nest it.", deep, "Again:\n" + deep) is None
