"""What speaks against an answer is found, and what only looks like it is not."""

import pytest

from backend.domain.answers.checks import DOUBT_THRESHOLD, check_answer

SCHEMA = (
    'Answer in this schema: {"type": "object", "required": ["name", "tags"], "properties": '
    '{"name": {"type": "string"}, "age": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}}'
)
FUNCTION = "Write a Python function that adds two numbers."
WORKS = "```python\ndef add(a, b):\n    return a + b\n```"
BROKEN = "```python\ndef add(a, b)\n    return a + b\n```"
LONG = "Water boils when its vapour pressure reaches that of the air, which is lower on a mountain than at the sea."
NOT_THE_SCHEMA = "the JSON does not follow the schema that was given"
NO_CODE = "Python was asked for, and there is no block of code"
TOO_SHORT = "an explanation was asked for, and there are 3 words"
TOO_LONG = "at most 10 words were asked for, and there are 20"

DOUBTED = {
    "empty": ("What is the capital of Poland?", "  \n", "stop", "the answer is empty"),
    "cut": ("Tell me a story.", "Once upon a time there was a", "length", "the answer was cut off at its longest"),
    "filtered": ("Tell me a story.", "Once upon", "content_filter", "the answer was filtered"),
    "refusal": ("How do I open a jar?", "I’m sorry, but I can’t help with that.", "stop", "the model refused"),
    "refusal in Polish": ("Jak otworzyć słoik?", "Niestety nie mogę tego zrobić.", "stop", "the model refused"),
    "unknown": ("Who won?", "I'm not sure who won that game.", "stop", "the answer says that it does not know"),
    "too short": ("Explain why water boils.", "Because of heat.", "stop", TOO_SHORT),
    "too long": ("Say it in at most 10 words.", "word " * 20, "stop", TOO_LONG),
    "no JSON": ("Return JSON with the name.", "The name is Ada.", "stop", "JSON was asked for, and this is none"),
    "broken JSON": ("Return JSON with the name.", '{"name": "Ada",}', "stop", "JSON was asked for, and this is none"),
    "field missing": (SCHEMA, '{"name": "Ada"}', "stop", NOT_THE_SCHEMA),
    "wrong type": (SCHEMA, '{"name": "Ada", "age": true, "tags": []}', "stop", NOT_THE_SCHEMA),
    "wrong item": (SCHEMA, '{"name": "Ada", "tags": [1]}', "stop", NOT_THE_SCHEMA),
    "no code": (FUNCTION, "You add them with a plus sign between.", "stop", NO_CODE),
    "broken code": (FUNCTION, BROKEN, "stop", "the Python code has a syntax error"),
    "no table": ("Compare them in a table.", LONG, "stop", "a table was asked for, and there is none"),
    "too few": ("Give me five tips.", "1. Rest\n2. Eat\n3. Walk", "stop", "5 were asked for, and 3 are listed"),
    "arithmetic": ("What is 12 times 13?", "12 × 13 = 155, so 155.", "stop", "the calculation 12*13 = 155 is wrong"),
}
TRUSTED = {
    "plain": ("What is the capital of Poland?", "Warsaw."),
    "short by wish": ("Explain in one sentence why water boils.", "Its vapour pressure reaches that of the air."),
    "explained": ("Explain why water boils.", LONG),
    "JSON": ("Return JSON with the name.", 'Here it is:\n```json\n{"name": "Ada"}\n```'),
    "JSON that is talked about": ("What does JSON stand for?", "JavaScript Object Notation."),
    "schema kept": (SCHEMA, '{"name": "Ada", "age": 36, "tags": ["x"]}'),
    "code": (FUNCTION, WORKS),
    "session of an interpreter": ("What does 1 + 1 print?", "```python\n>>> 1 + 1\n2\n```"),
    "table": ("Compare them in a table.", "| a | b |\n|---|---|\n| 1 | 2 |"),
    "nested too deep to be read": (FUNCTION, f"```python\nf({'(' * 40}a b{')' * 40})\n```"),
    "too long to be read": (FUNCTION, "```python\n" + "x = 1\n" * 5_000 + "x = \n```"),
    "as many as asked for": ("Give me three tips.", "1. Rest\n2. Eat\n3. Walk"),
    "arithmetic": ("What is 12 times 13?", "12 × 13 = 156"),
    "one hedge": ("Will it rain?", "It will probably rain in the evening."),
}


@pytest.mark.parametrize("case", DOUBTED)
def test_what_speaks_against_an_answer_is_found(case: str) -> None:
    question, answer, finish_reason, reason = DOUBTED[case]
    check = check_answer(question, answer, finish_reason)
    assert check.doubt >= DOUBT_THRESHOLD
    assert check.reasons == (reason,)


@pytest.mark.parametrize("case", TRUSTED)
def test_an_answer_without_a_fault_is_trusted(case: str) -> None:
    question, answer = TRUSTED[case]
    assert check_answer(question, answer, "stop").doubt < DOUBT_THRESHOLD


def test_signs_add_up_and_the_weightiest_is_named_first() -> None:
    check = check_answer("Return JSON.", "I think it is probably 2 + 2 = 5", "stop")
    assert check.reasons[-1] == "the answer hedges"
    assert 0.9 < check.doubt <= 1.0


@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{'(' * 10_000}\n```",
        f"```python\n{'-' * 10_000}1\n```",
        "[" * 10_000,
        f"{'(' * 100}1 + 1 = 3",
        "9^9^9^9 = 1, ((9^64)^64)^64 = 2, 1 / 0 = 1",
        f"{'9' * 5_000} + 1 = 2",
        "I am sorry " * 5_000,
        "| a | b |\n|" + "-" * 19_000 + "x|",
    ],
)
def test_hostile_answers_are_judged_too(answer: str) -> None:
    assert 0.0 <= check_answer("Return JSON.", answer, "stop").doubt <= 1.0
