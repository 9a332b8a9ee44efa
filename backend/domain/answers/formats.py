"""The format that a question asks for, and whether an answer has it: JSON, Python, a table, so many items.

Only what is asked for in so many words counts, in English or Polish; a question that shows a format asks for nothing.
"""

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, pairwise
from typing import Any

ASKED_CHARACTERS, PARSED_CHARACTERS = 8_000, 20_000
FENCE = re.compile(r"^[^\S\n]*```([\w+#-]*)[^\n]*\n(.*?)(?:^[^\S\n]*```|\Z)", re.S | re.M)
ASKS = r"(?:as|in|into|return|returns|output|valid|respond with|answer with|reply with|give me|w formacie|jako|zwróć)"
JSON_ASKED = re.compile(
    rf"\b{ASKS}\s+(?:a\s+|an\s+|only\s+|valid\s+|one\s+|poprawny\s+)*json\b|\bjson (?:only|object)\b", re.I
)
TABLE_ASKED = re.compile(
    rf"\b(?:{ASKS}|make|draw|create|zrób|w)\s+(?:a\s+|the\s+)?(?:\w+\s+)?(?:table|tabel[ięa]|tabelce)\b", re.I
)
PYTHON_ASKED = re.compile(
    r"\b(?:write|implement|create|code|give me|show|napisz|zaimplementuj)\b[^.?!\n]{0,60}"
    r"\b(?:python\b[^.?!\n]{0,30}\b(?:function|program|script|class|code)|(?:function|program|script|class|code|"
    r"funkcj\w+|skrypt|klas\w+)\b[^.?!\n]{0,30}\b(?:in|w) python)",
    re.I,
)
NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        ("two dwa dwie", "three trzy", "four cztery", "five pięć", "six sześć", "seven siedem", "eight osiem"), 2
    )
    for word in words.split()
} | {"ten": 10, "dziesięć": 10}
ITEMS_ASKED = re.compile(
    rf"\b(?:list|name|give|suggest|write|provide|wymień|podaj|zaproponuj)\b(?:\s+(?:me|us|exactly|the|dokładnie|mi))*\s+"
    rf"(\d{{1,2}}|{'|'.join(NUMBER_WORDS)})\s+(?:\w+\s+){{0,2}}?(?:items|ideas|reasons|ways|examples|tips|names|steps|points|"
    r"facts|books|questions|titles|words|advantages|benefits|synonyms|pomysł\w*|powod\w*|przykład\w*|sposob\w*|nazw\w*)\b",
    re.I,
)
SESSION = re.compile(r"^\s*(?:>>>|\$|%|!)", re.M)
ITEM = re.compile(r"^(?:\d{1,2}[.)]|[-*•])[^\S\n]+\S", re.M)
RULE = re.compile(r"\s*:?-{2,}:?\s*\Z")
"""A cell of the line below a table's head in Markdown."""
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
SCHEMA_DEPTH_MAX = 8
BRACKETS_MAX = 30
"""Code that is nested deeper is not read: Python's parser may need seconds for it."""


def format_failures(question: str, answer: str) -> Iterator[str]:
    """What was asked for and is not there, in people's words. What is too long to be read has no failure."""
    if len(answer) > PARSED_CHARACTERS:
        return
    asked = question[:ASKED_CHARACTERS]
    for check in CHECKS:
        if failure := check(asked, answer):
            yield failure


def _json(question: str, answer: str) -> str | None:
    schema = _schema(question)
    if schema is None and not JSON_ASKED.search(FENCE.sub("", question)):
        return None
    try:
        value = json.loads(_json_text(answer))
    except (ValueError, RecursionError):
        return "JSON was asked for, and this is none"
    if schema is not None and not _fits(value, schema, SCHEMA_DEPTH_MAX):
        return "the JSON does not follow the schema that was given"
    return None


def _json_text(answer: str) -> str:
    """The first block that says json or says nothing, else from the first bracket to the last."""
    blocks = (body for language, body in FENCE.findall(answer) if language.lower() in ("json", ""))
    if block := next(blocks, None):
        return str(block)
    begin = min((at for at in (answer.find("{"), answer.find("[")) if at >= 0), default=0)
    return answer[begin : max(answer.rfind("}"), answer.rfind("]")) + 1]


def _schema(question: str) -> Mapping[str, Any] | None:
    """The JSON Schema of an object that stands in the question, None where there is none."""
    if '"properties"' not in question:
        return None
    try:
        found = json.loads(_json_text(question))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("properties"), dict) else None


def _fits(value: object, schema: Mapping[str, Any], depth: int) -> bool:
    """type, enum, required, properties and items of JSON Schema; what else it says is left to others."""
    if depth == 0:
        return True
    types = TYPES.get(str(schema.get("type")))
    if types and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        return False
    if isinstance(choices := schema.get("enum"), list) and value not in choices:
        return False
    if isinstance(value, dict):
        parts = schema.get("properties")
        named = parts.items() if isinstance(parts, dict) else ()
        required = schema.get("required")
        if isinstance(required, list) and any(name not in value for name in required):
            return False
        return all(_fits(value[name], part, depth - 1) for name, part in named if name in value and _is_schema(part))
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return all(_fits(item, items, depth - 1) for item in value)
    return True


def _is_schema(part: object) -> bool:
    return isinstance(part, dict)


def _python(question: str, answer: str) -> str | None:
    blocks = [body for language, body in FENCE.findall(answer) if language.lower() in ("python", "py", "python3", "")]
    asked = PYTHON_ASKED.search(FENCE.sub("", question))
    if not blocks:
        return "Python was asked for, and there is no block of code" if asked else None
    named = [body for language, body in FENCE.findall(answer) if language.lower() in ("python", "py", "python3")]
    checked = blocks if asked else named
    return None if all(map(_parses, checked)) else "the Python code has a syntax error"


def _parses(code: str) -> bool:
    """Sessions of an interpreter or a shell are taken as they are meant."""
    if SESSION.search(code) or _nested(code) > BRACKETS_MAX:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code that is read; they are nobody's here
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _nested(code: str) -> int:
    """How deep its brackets are at most; those in texts count too."""
    depths = accumulate((character in "([{") - (character in ")]}") for character in code)
    return max(depths, default=0)


def _table(question: str, answer: str) -> str | None:
    if not TABLE_ASKED.search(FENCE.sub("", question)) or "create table" in question.lower():
        return None
    drawn = any("|" in head and _rules(row) for head, row in pairwise(answer.splitlines()))
    return None if drawn or "<table" in answer.lower() else "a table was asked for, and there is none"


def _rules(row: str) -> bool:
    return "|" in row and all(map(RULE.match, row.strip().strip("|").split("|")))


def _items(question: str, answer: str) -> str | None:
    asked = ITEMS_ASKED.search(FENCE.sub("", question))
    if asked is None:
        return None
    number = int(asked[1]) if asked[1].isdigit() else NUMBER_WORDS[asked[1].lower()]
    found = len(ITEM.findall(FENCE.sub("", answer)))
    return f"{number} were asked for, and {found} are listed" if found and found != number else None


CHECKS: tuple[Callable[[str, str], str | None], ...] = (_json, _python, _table, _items)
