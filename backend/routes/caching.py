"""Answers that clients may keep, as long as they ask before they use them. All others are not stored anywhere."""

from typing import Any

from fastapi import Depends, Response

PRIVATE = "private, no-cache"
PUBLIC = "public, no-cache"


async def keep_privately(response: Response) -> None:
    response.headers["Cache-Control"] = PRIVATE


KEPT_PRIVATELY = Depends(keep_privately)
"""For routes whose answer changes seldom. The middleware adds the ETag and answers 304 where it is known."""

ETAG = {"ETag": {"$ref": "#/components/headers/ETag"}}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    200: {"headers": ETAG},
    304: {"description": "What the ETag in If-None-Match names is still the answer", "headers": ETAG},
}
"""The responses argument of such a route."""
