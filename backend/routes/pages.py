"""What every list that comes in pages takes and answers."""

from typing import Annotated

from fastapi import Query

from backend.domain.doc import Doc

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on the page at most")]
Cursor = Annotated[
    str | None, Query(max_length=512, description="next_cursor of the page before; left out for the first page")
]
NextCursor = Annotated[str | None, Doc("cursor of the next page; null: this is the last one")]
