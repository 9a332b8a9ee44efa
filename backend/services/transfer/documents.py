"""The body of an import: {"format": ..., "conversations": [...]}, read one conversation at a time.

The whole syntax is checked before the first conversation is stored. Runs in a thread: between two conversations
others get their turn, which one call for the whole body would not allow.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from backend.errors import InvalidInput

ImportFormat = Literal["aether", "chatgpt"]
MAX_CONVERSATIONS = 5_000
SPACE = re.compile(r"[ \t\n\r]*")
CONTENT: dict[str, str] = {"aether": "messages", "chatgpt": "mapping"}
"""The field that tells a conversation of this format."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError("not JSON")


DECODER = json.JSONDecoder(parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class ImportDocument:
    """text: the whole body. start: where the first conversation begins."""

    text: str
    form: ImportFormat
    start: int

    @classmethod
    def read(cls, body: bytes) -> "ImportDocument":
        """Raises InvalidInput: no JSON (invalid_json), or not in that format."""
        try:
            text = body.decode()
            form, start = _Outline(text).read()
        except (ValueError, RecursionError) as error:
            raise InvalidInput("The body is not a JSON object that can be read.", code="invalid_json") from error
        return cls(text, form, start)

    def conversations(self) -> Iterator[dict[str, Any]]:
        return _elements(self.text, self.start)


class _Outline:
    """One way through the text. ValueError: a break of the syntax. InvalidInput: of the shape."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._form: object = None
        self._start: int | None = None
        self._first: dict[str, Any] = {}

    def read(self) -> tuple[ImportFormat, int]:
        position = _expect(self._text, 0, "{")
        while self._text[position : position + 1] != "}":
            position = self._field(position)
            if self._text[position : position + 1] == ",":
                position = _skip(self._text, position + 1)
                if self._text[position : position + 1] != '"':
                    raise ValueError("a name is missing")
        if _skip(self._text, position + 1) != len(self._text):
            raise ValueError("something follows")
        return self._checked()

    def _field(self, position: int) -> int:
        name, position = DECODER.raw_decode(self._text, position)
        if name not in ("format", "conversations"):
            raise InvalidInput("Only format and conversations are taken.")
        position = _expect(self._text, position, ":")
        if name == "format":
            self._form, position = DECODER.raw_decode(self._text, position)
        else:
            position = self._conversations(position)
        position = _skip(self._text, position)
        if self._text[position : position + 1] not in (",", "}"):
            raise ValueError("neither a comma nor the end")
        return position

    def _conversations(self, position: int) -> int:
        if self._text[position : position + 1] != "[":
            DECODER.raw_decode(self._text, position)
            raise InvalidInput("conversations: a list is expected.")
        self._start = _skip(self._text, position + 1)
        end = self._start
        for number, (element, after) in enumerate(_walk(self._text, self._start), 1):
            if not isinstance(element, dict):
                raise InvalidInput("conversations: each is an object.")
            if number > MAX_CONVERSATIONS:
                raise InvalidInput(f"At most {MAX_CONVERSATIONS:,} conversations are taken at once.")
            self._first, end = self._first or element, after
        return _expect(self._text, end, "]")

    def _checked(self) -> tuple[ImportFormat, int]:
        for form in get_args(ImportFormat):
            if self._form == form and self._start is not None:
                if self._first and CONTENT[form] not in self._first:
                    raise InvalidInput("The conversations are not in this format.")
                return form, self._start
        raise InvalidInput("format and conversations are needed; format is aether or chatgpt.")


def _elements(text: str, start: int) -> Iterator[dict[str, Any]]:
    return (element for element, _ in _walk(text, start))


def _walk(text: str, position: int) -> Iterator[tuple[Any, int]]:
    """Elements of a list and where each ends, from the first one on. ValueError: a break of the syntax."""
    if text[position : position + 1] == "]":
        return
    while True:
        element, position = DECODER.raw_decode(text, position)
        position = _skip(text, position)
        yield element, position
        if text[position : position + 1] != ",":
            return
        position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    found = SPACE.match(text, position)
    return found.end() if found else position


def _expect(text: str, position: int, character: str) -> int:
    """Where the next thing begins, after that character. ValueError: it is another one."""
    position = _skip(text, position)
    if text[position : position + 1] != character:
        raise ValueError("another character is expected")
    return _skip(text, position + 1)
