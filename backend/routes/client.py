"""Whose request it is, as far as the network tells."""

from fastapi import Request

UNKNOWN_ADDRESS = "unknown"


def client_address(request: Request) -> str:
    """Of the client itself where the request came through a trusted proxy (AETHER_TRUSTED_PROXIES)."""
    return request.client.host if request.client else UNKNOWN_ADDRESS
