"""The text of a key: a prefix that scanners know, 256 random bits, and a checksum that finds typing errors."""

import hashlib
import re
import secrets
import zlib

PREFIX = "aek_"
SECRET_BYTES = 32
KEY = re.compile(r"aek_([0-9a-f]{64})([0-9a-f]{8})")
SHOWN_CHARACTERS = len(PREFIX) + 8


def new_text() -> str:
    secret = secrets.token_hex(SECRET_BYTES)
    return f"{PREFIX}{secret}{_checksum(secret)}"


def is_api_key(credentials: str) -> bool:
    """Whether it means to be an API key; every other credential is an access token."""
    return credentials.startswith(PREFIX)


def is_well_formed(text: str) -> bool:
    """False for what this program never made: no look-up is needed to refuse it."""
    match = KEY.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def hash_of(text: str) -> str:
    """Without salt: nobody guesses 256 random bits, and the key has to be found by it."""
    return hashlib.sha256(text.encode()).hexdigest()


def beginning(text: str) -> str:
    """What lists show: 32 of the 256 bits."""
    return text[:SHOWN_CHARACTERS]


def _checksum(secret: str) -> str:
    return f"{zlib.crc32(secret.encode()):08x}"
