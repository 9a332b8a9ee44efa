"""Asks the provider: within a deadline, up to a size, without following redirects."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from backend.domain.addresses import RefusedAddress, check_address
from backend.errors import OidcUnavailable

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024
JSON_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Fetcher:
    """timeout_s: for a whole exchange. Owns its connections until close. Proxies come from the environment."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, loopback_only: bool = False) -> None:
        self._timeout_s = timeout_s
        self._loopback_only = loopback_only
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()

    async def _open(self) -> httpx.AsyncClient:
        """Made at the first exchange: to read the authorities that are trusted takes 50 ms, in a thread."""
        trust_env = not self._loopback_only
        if self._client is None:
            trusted = await asyncio.to_thread(httpx.create_ssl_context, trust_env=trust_env)
            self._client = self._client or httpx.AsyncClient(
                verify=trusted,
                timeout=self._timeout_s,
                follow_redirects=False,
                headers=JSON_HEADERS,
                trust_env=trust_env,
            )
        return self._client

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A JSON object. Raises OidcUnavailable."""
        status, found = await self._ask("GET", url, headers or {}, None)
        if status != httpx.codes.OK:
            raise unavailable(f"status {status}")
        return found

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> tuple[int, dict[str, Any]]:
        """(status, JSON object); statuses of 500 and more raise OidcUnavailable."""
        status, found = await self._ask("POST", url, headers, body)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise unavailable(f"status {status}")
        return status, found

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None
    ) -> tuple[int, dict[str, Any]]:
        try:
            check_address(url, loopback_only=self._loopback_only)
            async with (
                asyncio.timeout(self._timeout_s),
                (await self._open()).stream(method, url, headers=dict(headers), content=body) as response,
            ):
                found = orjson.loads(await _bounded(response))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, RefusedAddress) as error:
            raise unavailable(type(error).__name__) from error
        except orjson.JSONDecodeError as error:
            raise unavailable("no JSON") from error
        if not isinstance(found, dict):
            raise unavailable("no JSON object")
        return response.status_code, found


async def _bounded(response: httpx.Response) -> bytes:
    """As it came, undecoded: a few compressed bytes may unfold to any size, and none were asked for."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise unavailable("compressed")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MAX_BYTES:
            raise unavailable("too large")
    return bytes(body)


def unavailable(reason: str) -> OidcUnavailable:
    """reason: for the log, in our own words."""
    return OidcUnavailable("The identity provider does not answer as it should.", reason=reason)
