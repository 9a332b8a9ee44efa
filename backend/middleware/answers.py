"""How middleware answers by itself: below the routes there is no framework to render an error."""

import math

import orjson
from starlette.types import Scope, Send

from backend.domain.problems import MEDIA_TYPE, problem_of
from backend.errors import AetherError


async def send_problem(scope: Scope, send: Send, error: AetherError, *, close: bool = False) -> None:
    """Sends the whole answer but its last, empty piece where close is set: finish with send_end.

    close: the connection will not serve another request, because the body of this one was not read.
    """
    body = orjson.dumps(problem_of(error, scope.get("state", {}).get("correlation_id")))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(error.retry_after))))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": close})


async def send_end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})
