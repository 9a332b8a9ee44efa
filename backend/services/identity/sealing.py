"""Secrets that the server has to be able to read again, sealed for one user each (AES-256-GCM)."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Sealing:
    """key: 32 bytes, for nothing else. The user's id is authenticated too: nobody can be given another's secret."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, user_id: str, text: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), user_id.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def unseal(self, user_id: str, sealed: str) -> str | None:
        """None: it was sealed with another key (AETHER_SECRET_KEY was changed), for another user, or is damaged."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], user_id.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None
