"""An OpenID issuer of the tests' own, which lies where a test wants it to. What is right is tested with a real one."""

import asyncio
import base64
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "aether"
SUBJECT = "subject of ada"
Claims = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LyingIssuer:
    """claims: instead of the true ones, None leaves one out. id_token: made of the claims, signed by default.

    discovery: instead of what is true. answers: path -> instead of the right answer. released: the token endpoint
    waits for it. stream: instead of the token endpoint. asked: requests by path. authenticated: where the client's
    secret was: header, body or nowhere.
    """

    def __init__(self) -> None:
        self.url = ""
        self.key = new_key("first")
        self.published: list[dict[str, Any]] = [public(self.key)]
        self.claims: Claims = {}
        self.discovery: dict[str, Any] = {}
        self.userinfo: Claims | None = None
        self.answers: dict[str, Callable[[], web.StreamResponse]] = {}
        self.id_token: Callable[[Claims], str] = self.signed
        self.released = asyncio.Event()
        self.released.set()
        self.stream: Handler | None = None
        self.asked: Counter[str] = Counter()
        self.authenticated = "nowhere"
        self._requests: dict[str, dict[str, str]] = {}

    def authorize(self, url: str) -> dict[str, str]:
        """The parameters with which the browser is sent back, after somebody signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code {len(self._requests)}"
        self._requests[code] = asked
        return {"code": code, "state": asked["state"]}

    def signed(self, claims: Claims, **header: str) -> str:
        return jwt.encode({"alg": "RS256", "kid": str(self.key.kid), **header}, claims, self.key)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        if answer := self.answers.get(request.path):
            return answer()
        found: dict[str, Any] | None = {
            "/.well-known/openid-configuration": self._configuration(),
            "/keys": {"keys": self.published},
            "/userinfo": self.userinfo,
        }.get(request.path)
        if request.path == "/token" and self.stream:
            return await self.stream(request)
        if request.path == "/token":
            found = await self._tokens(request)
        return web.json_response(found)

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **({"userinfo_endpoint": f"{self.url}/userinfo"} if self.userinfo else {}),
            **self.discovery,
        }

    async def _tokens(self, request: web.Request) -> dict[str, Any]:
        await self.released.wait()
        sent = await request.post()
        asked = self._requests.pop(str(sent["code"]))
        self.authenticated = (
            "header" if "Authorization" in request.headers else "body" if "client_secret" in sent else "nowhere"
        )
        assert challenge_of(str(sent["code_verifier"])) == asked["code_challenge"]
        assert sent["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": SUBJECT,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "email": "ada@example.com",
            "email_verified": True,
            **self.claims,
        }
        true = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "access", "token_type": "Bearer", "id_token": self.id_token(true)}


@asynccontextmanager
async def lying_issuer() -> AsyncIterator[LyingIssuer]:
    issuer = LyingIssuer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", issuer.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield issuer
    finally:
        issuer.released.set()
        await runner.cleanup()


def new_key(kid: str, bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid})


def public(key: RSAKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def unsigned(claims: Claims) -> str:
    return f"{encoded({'alg': 'none'})}.{encoded(claims)}."


def encoded(part: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
