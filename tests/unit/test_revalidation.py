"""ETags and 304 for what routes say may be kept."""

import pytest
from starlette.types import Receive, Scope, Send

from backend.middleware.compression import CompressionMiddleware
from backend.middleware.revalidation import RevalidationMiddleware
from tests.support.asgi import Handler, request

KEPT = (b"cache-control", b"private, no-cache")
TEXT = b"what does not change " * 100


def answering(
    *headers: tuple[bytes, bytes], status: int = 200, body: bytes = TEXT, pieces: int = 1
) -> RevalidationMiddleware:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        own = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % (len(body) * pieces)), *headers]
        await send({"type": "http.response.start", "status": status, "headers": own})
        for number in range(pieces):
            await send({"type": "http.response.body", "body": body, "more_body": number + 1 < pieces})

    return RevalidationMiddleware(app)


async def etag_of(app: Handler) -> str:
    etag: str = (await request(app)).headers["etag"]
    assert etag.startswith('W/"')
    return etag


async def test_what_is_known_is_not_sent_again() -> None:
    etag = await etag_of(answering(KEPT))
    for sent in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        answer = await request(answering(KEPT), headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content) == (304, b"")
        assert dict(answer.headers) == {"cache-control": "private, no-cache", "etag": etag}


async def test_what_is_another_answer_is_sent() -> None:
    etag = await etag_of(answering(KEPT, body=b"another"))
    for sent in (etag, "", "nonsense", '""', etag[:-2]):
        answer = await request(answering(KEPT), headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content) == (200, TEXT)


@pytest.mark.parametrize(
    ("app", "method"),
    [
        (answering(), "GET"),
        (answering((b"cache-control", b"no-store")), "GET"),
        (answering(KEPT, status=404), "GET"),
        (answering(KEPT, pieces=2), "GET"),
        (answering(KEPT), "POST"),
    ],
    ids=["not said", "no-store", "problem", "in pieces", "post"],
)
async def test_nothing_else_has_an_etag(app: Handler, method: str) -> None:
    answer = await request(app, method, headers={"If-None-Match": "*"})
    assert answer.status_code != 304
    assert "etag" not in answer.headers


async def test_a_route_may_name_its_version_itself() -> None:
    app = answering(KEPT, (b"etag", b'"v7"'))
    assert (await request(app)).headers["etag"] == '"v7"'
    assert (await request(app, headers={"If-None-Match": 'W/"v7"'})).status_code == 304


async def test_the_etag_is_the_same_for_every_encoding() -> None:
    app = CompressionMiddleware(answering(KEPT), lambda *_: None)
    plain, compressed = [await request(app, headers={"Accept-Encoding": name}) for name in ("identity", "gzip")]
    assert compressed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] == compressed.headers["etag"]
    known = await request(app, headers={"Accept-Encoding": "gzip", "If-None-Match": plain.headers["etag"]})
    assert (known.status_code, known.headers["vary"]) == (304, "Accept-Encoding")
    assert "content-encoding" not in known.headers
