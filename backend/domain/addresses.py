"""Addresses of other services: which are on this machine, and which an identity provider may have.

What a provider says is worth no more than the connection that it comes by.
"""

import ipaddress
from urllib.parse import urlsplit


class RefusedAddress(ValueError):
    """The message says why, and is for the operator."""


def check_address(url: str, *, loopback_only: bool = False) -> str:
    """The URL itself: https, or http on this machine. loopback_only (tests): on this machine in any case.

    Raises RefusedAddress.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise RefusedAddress("this is not a URL") from error
    if parts.username is not None or not host:
        raise RefusedAddress("a URL with a host and without credentials is needed")
    if loopback_only and not is_loopback(host):
        raise RefusedAddress("tests may ask a provider on this machine only")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise RefusedAddress("https is needed; http is for a provider on this machine only")
    return url


def is_loopback(host: str) -> bool:
    """Whether it is a name or an address of this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
