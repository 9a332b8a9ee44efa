"""What is compressed, for whom, and what must never be."""

import gzip
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from backend.middleware.compression import CompressionMiddleware
from backend.middleware.encodings import ENCODERS, chosen_encoding
from tests.support.asgi import Handler, request

TEXT = b'{"words": "' + b"the same words again " * 100 + b'"}'
Headers = Sequence[tuple[bytes, bytes]]


def answering(
    *pieces: bytes,
    status: int = 200,
    content_type: str = "application/json",
    headers: Headers = (),
    length: bool = False,
) -> Handler:
    """An application that answers in these pieces."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sized = [(b"content-length", b"%d" % sum(map(len, pieces)))] if length else []
        own = [(b"content-type", content_type.encode()), *sized, *headers]
        await send({"type": "http.response.start", "status": status, "headers": own})
        for number, piece in enumerate(pieces):
            more = number + 1 < len(pieces)
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    return app


class Sent(list[tuple[str, int, int]]):
    def __call__(self, encoding: str, before: int, after: int) -> None:
        self.append((encoding, before, after))


async def raw(app: Handler, accept: str, *, path: str = "/", method: str = "GET") -> tuple[Message, list[bytes], Sent]:
    """The start, the pieces as they went out, and what was reported."""
    sent, messages = Sent(), []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"accept-encoding", accept.encode())]}
    await CompressionMiddleware(app, sent)(scope, receive, send)
    return messages[0], [message["body"] for message in messages[1:]], sent


def headers_of(start: Message) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.mark.parametrize(("encoding", "decode"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
async def test_an_answer_is_compressed_and_says_so(encoding: str, decode: Callable[[bytes], bytes]) -> None:
    strong = [(b"etag", b'"abc"')]
    start, pieces, sent = await raw(answering(TEXT, length=True, headers=strong), encoding)
    body = b"".join(pieces)
    assert decode(body) == TEXT
    assert headers_of(start) == {
        "content-type": "application/json",
        "content-encoding": encoding,
        "content-length": str(len(body)),
        "vary": "Accept-Encoding",
        "etag": 'W/"abc"',
    }
    assert sent == [(encoding, len(TEXT), len(body))]
    assert len(body) < len(TEXT) / 5


@pytest.mark.parametrize(
    ("encoding", "decoder"), [("gzip", lambda: zlib.decompressobj(31)), ("zstd", zstd.ZstdDecompressor)]
)
async def test_what_is_written_in_pieces_is_sent_in_pieces(encoding: str, decoder: Callable[[], Any]) -> None:
    """Each can be read as soon as it is there; a large one is compressed beside the event loop."""
    written = [b"first ", b"second " * 20_000, b"", b"last"]
    start, pieces, sent = await raw(answering(*written), encoding)
    decode = decoder()
    assert [decode.decompress(piece) if piece else b"" for piece in pieces] == written
    assert "content-length" not in headers_of(start)
    assert sent == [(encoding, sum(map(len, written)), sum(map(len, pieces)))]


@pytest.mark.parametrize(
    "app",
    [
        answering(b"x" * 1023),
        answering(b"x" * 1023, length=True),
        answering(b"x" * 600, b"x" * 400, length=True),
        answering(TEXT, content_type="image/png"),
        answering(TEXT, content_type="text/event-stream"),
        answering(TEXT, TEXT, content_type="text/event-stream; charset=utf-8"),
        answering(TEXT, headers=[(b"content-encoding", b"br")]),
        answering(TEXT, status=206, headers=[(b"content-range", b"bytes 0-9/10")]),
        answering(TEXT, headers=[(b"cache-control", b"no-transform")]),
    ],
    ids=[
        "small",
        "small, told",
        "small, in pieces",
        "image",
        "events",
        "events, charset",
        "encoded",
        "part",
        "no-transform",
    ],
)
async def test_what_is_small_or_of_another_kind_goes_as_it_is(app: Handler) -> None:
    plain = await request(app)
    answer = await request(CompressionMiddleware(app, Sent()), headers={"Accept-Encoding": "gzip, zstd"})
    assert answer.content == plain.content
    assert answer.headers.get("content-encoding") == plain.headers.get("content-encoding")
    assert answer.headers.get("content-length") == plain.headers.get("content-length")


@pytest.mark.parametrize(
    "path", ["/api/auth/login", "/api/auth/refresh", "/api/auth/api-keys", "/api/auth/mfa/recovery"]
)
async def test_answers_with_secrets_are_never_compressed(path: str) -> None:
    start, pieces, sent = await raw(answering(TEXT), "gzip", path=path)
    assert (b"".join(pieces), sent) == (TEXT, [])
    assert "content-encoding" not in headers_of(start)
    start, _, sent = await raw(answering(TEXT), "gzip", path="/api/auth/me/export")
    assert len(sent) == 1


async def test_caches_are_told_also_where_nothing_was_compressed() -> None:
    for app in (answering(TEXT), answering(b"", status=304)):
        start, _, sent = await raw(app, "br")
        assert (headers_of(start)["vary"], sent) == ("Accept-Encoding", [])


async def test_head_has_no_length_that_a_get_would_not_have() -> None:
    start, _, sent = await raw(answering(b"", headers=[(b"content-length", b"5000")]), "gzip", method="HEAD")
    assert "content-length" not in headers_of(start)
    assert headers_of(start)["vary"] == "Accept-Encoding"
    assert sent == []


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        *(("", None), ("br", None), ("identity", None), ("gzip;q=0", None), ("gzip;q=x", None), ("*;q=0", None)),
        *(("gzip", "gzip"), ("GZIP", "gzip"), ("deflate, gzip;q=1.0, *;q=0.5", "gzip"), ("*", "zstd")),
        *(("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.5, gzip;q=0.9", "gzip"), ("zstd;q=0, *", "gzip")),
        *(("gzip;q=0.5, identity;q=0.9", None), ("gzip; q=0.9, identity; q=0.5", "gzip")),
    ],
)
def test_the_client_chooses(accept: str, chosen: str | None) -> None:
    assert chosen_encoding(accept) == chosen


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_read(accept: str) -> None:
    assert chosen_encoding(accept) in (None, *ENCODERS)


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=6), st.sampled_from(sorted(ENCODERS)))
def test_whatever_was_encoded_is_decoded(pieces: list[bytes], encoding: str) -> None:
    encoder = ENCODERS[encoding]()
    encoded = b"".join([*map(encoder.encode, pieces[:-1]), encoder.finish(pieces[-1])])
    decode = gzip.decompress if encoding == "gzip" else zstd.decompress
    assert decode(encoded) == b"".join(pieces)
