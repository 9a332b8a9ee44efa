"""Where what happens now comes from: bound once for each request, so that nobody has to pass it on."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """address: the client's, behind trusted proxies the one that they name."""

    address: str | None = None
    correlation_id: str | None = None


NOWHERE = RequestOrigin()
"""Of background work, and of the shell."""
_origin: ContextVar[RequestOrigin] = ContextVar("request_origin", default=NOWHERE)


def request_origin() -> RequestOrigin:
    return _origin.get()


@contextmanager
def requested_from(origin: RequestOrigin) -> Iterator[None]:
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)
