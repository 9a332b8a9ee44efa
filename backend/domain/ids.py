"""Identifiers: prefixed, time-ordered (UUID version 7), so that indexes grow at one end."""

import uuid_utils


def new_id(prefix: str) -> str:
    """For example conv_0199c2f4e6a07d3c9b1f2a3b4c5d6e7f."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"
