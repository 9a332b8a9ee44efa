"""Identifiers: prefixed, time-ordered (UUID version 7), so that indexes grow at one end; or derived from something."""

import hashlib

import uuid_utils

DERIVED_CHARACTERS = 32


def new_id(prefix: str) -> str:
    """For example conv_0199c2f4e6a07d3c9b1f2a3b4c5d6e7f."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def random_id() -> str:
    """32 hexadecimal digits, no two alike and no secret. To ask the system for randomness would let go of the GIL."""
    return uuid_utils.uuid4().hex


def derived_id(prefix: str, *parts: str) -> str:
    """The same for the same parts, for ever, and for no others: SHA-256, cut to the length of the other kind."""
    return f"{prefix}_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:DERIVED_CHARACTERS]}"
