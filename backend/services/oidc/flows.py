"""A sign-in under way, kept by the browser that began it, in a cookie that only this server can read or write."""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Literal

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

LIFETIME_S = 600
HEADER = {"alg": "dir", "enc": "A256GCM"}
MAX_CHARACTERS = 4096
RANDOM_BYTES = 32

Intent = Literal["sign_in", "link", "confirm"]


@dataclass(frozen=True, slots=True)
class Flow:
    """return_to: a path of the page. user_id, session_id: who began it, empty for a sign-in."""

    intent: Intent
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    started_at: int
    user_id: str = ""
    session_id: str = ""


class Flows:
    """key: 32 bytes, for nothing else. clock: seconds since the epoch."""

    def __init__(self, key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = OctKey.import_key(key)
        self._clock = clock

    def begin(self, intent: Intent, return_to: str, *, user_id: str = "", session_id: str = "") -> Flow:
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        return Flow(intent, state, nonce, verifier, return_to, int(self._clock()), user_id, session_id)

    def seal(self, flow: Flow) -> str:
        return jwe.encrypt_compact(HEADER, orjson.dumps(asdict(flow)), self._key, algorithms=list(HEADER.values()))

    def unseal(self, sealed: str) -> Flow | None:
        """None: not one of this server's, or too old."""
        if len(sealed) > MAX_CHARACTERS:
            return None
        try:
            opened = jwe.decrypt_compact(sealed, self._key, algorithms=list(HEADER.values()))
        except (JoseError, ValueError):
            return None
        flow = Flow(**orjson.loads(opened.plaintext or b"{}"))
        return flow if flow.started_at + LIFETIME_S > self._clock() else None
