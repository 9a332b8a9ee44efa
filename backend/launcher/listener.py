"""The socket that all workers accept connections from."""

import errno
import socket

from backend.services.embedded import StartError

BACKLOG = 2048
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared with, not bound to

REASONS = {
    errno.EADDRINUSE: "another process listens there: stop it, or set AETHER_PORT to a free port",
    errno.EACCES: "ports below 1024 are for root: set AETHER_PORT to a higher one",
    errno.EADDRNOTAVAIL: "this machine has no such address: correct AETHER_HOST",
}


def listen(host: str, port: int) -> socket.socket:
    """Listens at once, so that a taken port is known before anything is started. Raises StartError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise StartError(f"AETHER_HOST={host} is not an address: {error.strerror}.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = REASONS.get(error.errno or 0, error.strerror)
        raise StartError(f"cannot listen on {host}:{port}: {reason}.") from error
    return listener


def local_address(listener: socket.socket) -> tuple[str, int]:
    """Host and port under which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return ANY_ADDRESS.get(host, host), port


def local_url(listener: socket.socket) -> str:
    host, port = local_address(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
