"""One account's way to the server: sign-in, the three ways of asking, patience."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from converse.pace import Pace
from converse.receipts import Mode, Receipt, ReceiptError, read_receipt
from converse.sse import parse_events

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=660)
"""Above the longest deadline that a server grants (600 s), so that its own answer is what ends a request."""
LINE_BYTES = 2**20
UNAUTHENTICATED = 401


class RequestFailed(Exception):
    """The server answered with an error, or not at all. The message is the problem's, not what was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """seconds: from sending the request that was let in to its end; first_token_s: to a stream's first token."""

    receipt: Receipt
    seconds: float
    first_token_s: float | None = None


def open_http(url: str, connections: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        url,
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=REQUEST_TIMEOUT,
        read_bufsize=LINE_BYTES,
    )


class Client:
    """Its calls raise RequestFailed for anything but an answer, ReceiptError for an answer that cannot be read."""

    def __init__(self, http: aiohttp.ClientSession, email: str, password: str, pace: Pace) -> None:
        self._http = http
        self._account = {"email": email, "password": password}
        self._token = ""
        self.pace = pace
        self.user_id = ""

    async def register(self) -> None:
        await self._call("POST", "/api/auth/register", self._account)

    async def sign_in(self) -> None:
        self._token = ""
        body = await self._call("POST", "/api/auth/login", self._account)
        self._token, self.user_id = body["access_token"], body["user"]["id"]

    async def user_analytics(self, days: int) -> Mapping[str, Any]:
        return await self._call("GET", f"/api/ai/v4/analytics/user?days={days}")

    async def ask(self, mode: Mode, message: str, conversation_id: str | None) -> Answer:
        """conversation_id None: a new conversation."""
        body = {"message": message} | ({"conversation_id": conversation_id} if conversation_id else {})
        with translated():
            response, sent = await self._open("POST", f"/api/ai/v4/chat/{mode}", body)
            async with response:
                if mode == "stream":
                    return await read_stream(response, sent)
                receipt = read_receipt(mode, orjson.loads(await response.read()))
        return Answer(receipt, time.perf_counter() - sent)

    async def _call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        with translated():
            response, _ = await self._open(method, path, body)
            async with response:
                answer: Mapping[str, Any] = orjson.loads(await response.read())
        return answer

    async def _open(
        self, method: str, path: str, body: Mapping[str, str] | None
    ) -> tuple[aiohttp.ClientResponse, float]:
        """A success that is still to be read, and when (time.perf_counter) its request was sent."""
        asked = self.pace.clock()
        renewed = not self._token
        while True:
            await self.pace.until_free()
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            sent = time.perf_counter()
            response = await self._http.request(method, path, json=body, headers=headers)
            if response.ok:
                return response, sent
            async with response:
                if response.status == UNAUTHENTICATED and not renewed:  # access tokens last for minutes, a run longer
                    renewed = True
                    await self.sign_in()
                elif not self.pace.hold(response.status, response.headers, asked):
                    raise RequestFailed(problem_text(response.status, await response.read()))


async def read_stream(response: aiohttp.ClientResponse, sent: float) -> Answer:
    """The receipt of a stream's done event."""
    first_token: float | None = None
    async for event in parse_events(response.content):
        if event.event == "token" and first_token is None:
            first_token = time.perf_counter() - sent
        elif event.event == "error":
            raise RequestFailed(problem_text(response.status, event.data.encode()))
        elif event.event == "done":
            receipt = read_receipt("stream", orjson.loads(event.data))
            return Answer(receipt, time.perf_counter() - sent, first_token)
    raise RequestFailed("the stream ended without its receipt")


def problem_text(status: int, body: bytes) -> str:
    """For example "503 model_unavailable: The model is unavailable." """
    try:
        problem = orjson.loads(body)
        return f"{problem['status']} {problem['code']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"{status} without a problem document"


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise RequestFailed(f"no answer: {type(error).__name__}") from error
    except orjson.JSONDecodeError as error:
        raise ReceiptError("the answer is no JSON") from error
