"""What a client already has is not sent again: weak ETags, and 304 where nothing has changed."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SENT_WITH_304 = frozenset({b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary"})
DIGEST_CHARACTERS = 22


class RevalidationMiddleware:
    """For answers to GET and HEAD whose route sets Cache-Control: no-cache: keep it, but ask before you use it.

    The route does its work all the same, access included: what is spared is the way to the client. Weak, because the
    answer may be compressed on that way. Answers in more than one piece pass as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None

        async def send_unless_known(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_kept(message):
                start = message
                return
            if start is not None:
                begun, start = start, None
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    etag = _tag(begun, message)
                    if _matches(known, etag):
                        begun, message = _not_modified(begun), {**message, "body": b""}
                await send(begun)
            await send(message)

        await self.app(scope, receive, send_unless_known)


def _may_be_kept(start: Message) -> bool:
    headers = Headers(raw=start.get("headers", []))
    return start["status"] == 200 and "no-cache" in headers.get("cache-control", "")


def _tag(start: Message, message: Message) -> str:
    """The answer's ETag, made of its body where the route has not set one."""
    headers = MutableHeaders(raw=start["headers"])
    if "etag" not in headers:
        digest = hashlib.sha256(message.get("body", b"")).hexdigest()
        headers["etag"] = f'W/"{digest[:DIGEST_CHARACTERS]}"'
    return headers["etag"]


def _matches(if_none_match: str, etag: str) -> bool:
    """The weak comparison (RFC 9110, 8.8.3.2)."""
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def _not_modified(start: Message) -> Message:
    kept = [(name, value) for name, value in start["headers"] if name.lower() in SENT_WITH_304]
    return {**start, "status": 304, "headers": kept}
