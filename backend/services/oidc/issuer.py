"""The provider as it describes itself: its endpoints and its keys, fetched when they are needed and then kept."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, RSAKey

from backend.domain.addresses import RefusedAddress, check_address
from backend.errors import OidcUnavailable
from backend.services.oidc.fetching import Fetcher, unavailable

METADATA_S = 3600.0
KEYS_S = 3600.0
REFETCH_S = 10.0
"""Keys are fetched for an unknown key id no more often than this: who sends nonsense does not make us ask."""
REST_S = 2.0
"""After a failure nobody asks for so long, so that not every visitor waits for the deadline."""
MAX_KEYS = 50
KEY_TYPES = ("RSA", "EC")
MIN_RSA_BITS = 2048
BITS_A_CHARACTER = 6

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Metadata:
    """userinfo_endpoint: empty for none. names_itself: answers carry the issuer (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    auth_methods: tuple[str, ...]
    names_itself: bool


class Issuer:
    """url: the issuer, exactly as it names itself. clock: seconds, monotonic."""

    def __init__(
        self,
        url: str,
        fetcher: Fetcher,
        *,
        loopback_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._fetcher = fetcher
        self._loopback_only = loopback_only
        self._clock = clock
        self._lock = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = 0.0
        self._keys = KeySet([])
        self._keys_at: float | None = None
        self._failed_at: dict[str, float] = {}

    async def metadata(self) -> Metadata:
        """Raises OidcUnavailable. What was known before serves on while the provider is away."""
        async with self._lock:
            if self._metadata is None or self._clock() - self._metadata_at > METADATA_S:
                try:
                    found = await self._rested(get_well_known_url(self.url, external=True))
                    self._metadata = self._parsed(found)
                except OidcUnavailable:
                    if self._metadata is None:
                        raise
                    log.warning("oidc_metadata_not_renewed", issuer=self.url)
                self._metadata_at = self._clock()
            return self._metadata

    async def keys(self) -> KeySet:
        """Raises OidcUnavailable."""
        metadata = await self.metadata()
        async with self._lock:
            if self._keys_at is None or self._clock() - self._keys_at > KEYS_S:
                await self._fetch_keys(metadata)
            return self._keys

    async def newer_keys(self, than: KeySet) -> KeySet:
        """For a key id that those keys do not have. Raises OidcUnavailable."""
        metadata = await self.metadata()
        async with self._lock:
            if self._keys is than and (self._keys_at is None or self._clock() - self._keys_at >= REFETCH_S):
                await self._fetch_keys(metadata)
            return self._keys

    async def _fetch_keys(self, metadata: Metadata) -> None:
        self._keys = keys_from(await self._rested(metadata.jwks_uri))
        self._keys_at = self._clock()

    async def _rested(self, url: str) -> dict[str, Any]:
        if url in self._failed_at and self._clock() - self._failed_at[url] < REST_S:
            raise unavailable("failed a moment ago")
        try:
            found = await self._fetcher.get(url)
        except OidcUnavailable:
            self._failed_at[url] = self._clock()
            raise
        return found

    def _parsed(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self.url:
            raise unavailable("the discovery document is of another issuer")
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Metadata(
            authorization_endpoint=self._endpoint(document, "authorization_endpoint"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            jwks_uri=self._endpoint(document, "jwks_uri"),
            userinfo_endpoint=self._endpoint(document, "userinfo_endpoint")
            if document.get("userinfo_endpoint")
            else "",
            auth_methods=tuple(method for method in methods if isinstance(method, str)),
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        url = document.get(name)
        try:
            return check_address(url if isinstance(url, str) else "", loopback_only=self._loopback_only)
        except RefusedAddress as error:
            raise unavailable(f"{name}: {error}") from error


def keys_from(document: dict[str, Any]) -> KeySet:
    """The keys that may sign; others, and broken ones, are left out. Raises OidcUnavailable where none is left."""
    rows = document.get("keys")
    if not isinstance(rows, list) or len(rows) > MAX_KEYS:
        raise unavailable("no list of keys")
    keys = []
    for row in rows:
        if not isinstance(row, dict) or row.get("kty") not in KEY_TYPES or row.get("use", "sig") != "sig":
            continue
        try:
            keys.append(_key_from(row))
        except (JoseError, ValueError, TypeError) as error:
            log.warning("oidc_key_ignored", reason=type(error).__name__)
    if not keys:
        raise unavailable("no key that may sign")
    return KeySet(keys)


def _key_from(row: dict[str, Any]) -> Key:
    """Raises JoseError, ValueError, TypeError. A short key is told by its length, before the library warns of it."""
    if row["kty"] == "RSA" and len(row.get("n", "")) * BITS_A_CHARACTER < MIN_RSA_BITS:
        raise ValueError("a short key")
    key = JWKRegistry.import_key(row)
    if isinstance(key, RSAKey) and key.raw_value.key_size < MIN_RSA_BITS:  # written with zeros in front
        raise ValueError("a short key")
    return key
