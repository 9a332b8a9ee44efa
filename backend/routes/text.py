"""The shapes' ground: strict models, and text as people may send it."""

import unicodedata
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

MESSAGE_CHARACTERS = 32_000
MAX_STRING_CHARACTERS = 1_000_000


class Shape(BaseModel):
    """Base of every request body: unknown fields and other types than declared are refused.

    strict: lists for lists (no tuples), strings for Literals; a whole number passes for a float. The bound on
    strings also has every string checked for lone surrogates, which a plain str field would let through.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, str_max_length=MAX_STRING_CHARACTERS
    )


def clean(value: object) -> object:
    """Text in Unicode NFC, so that what is typed on another machine is the same text. Nothing else is changed.

    JSON may carry lone surrogates (as escapes), which UTF-8 cannot express, and NUL, which every store treats in its
    own way: both are refused.
    """
    if not isinstance(value, str):
        return value
    if not _encodable(value):
        raise PydanticCustomError("lone_surrogate", "Text must not contain lone surrogates")
    if "\0" in value:
        raise PydanticCustomError("nul_character", "Text must not contain NUL characters")
    return unicodedata.normalize("NFC", value)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


CLEAN = BeforeValidator(clean)
"""Last in an annotation, so that it comes first: Annotated[str, StringConstraints(max_length=80), CLEAN]."""

MessageText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MESSAGE_CHARACTERS), CLEAN
]
"""What a user says: 1 to 32,000 characters after trimming."""
