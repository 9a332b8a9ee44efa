"""python -m backend.worker --fd N: one worker, serving the application on a socket that it inherits."""

import argparse
import math
import signal
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from backend.config import Settings
from backend.server import create_app


def serve(app: Callable[..., Awaitable[None]], listener: socket.socket, drain_s: float) -> None:
    """Serves until SIGTERM; then requests in flight have drain_s seconds."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(drain_s),
    )
    # uvicorn raises the signal again once it has stopped: an orderly end is exit code 0
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    uvicorn.Server(config).run(sockets=[listener])


def inherited_listener() -> socket.socket:
    parser = argparse.ArgumentParser(description="One worker of Aether. The launcher (python -m backend) starts it.")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the listening socket")
    return socket.socket(fileno=parser.parse_args().fd)


def main() -> None:
    settings = Settings()
    serve(create_app(settings), inherited_listener(), settings.drain)


if __name__ == "__main__":
    main()
