"""python -m backend.worker --fd N: one worker, serving the application on a socket that it inherits."""

import argparse
import gc
import math
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn

from backend.config import Settings

Application = Callable[..., Awaitable[None]]
KEEP_ALIVE_S = 75
"""Longer than proxies and browsers keep an idle connection: who ends it first meets no request on its way."""

YOUNG_OBJECTS = 10_000
"""So many more objects than before let the garbage collector look for cycles; a request makes some hundreds."""


class DrainingServer(uvicorn.Server):
    """Says at the first signal, before uvicorn acts on it, that the worker is to end.

    What is there once it has started stays for its life: the garbage collector need not look at it again and again.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(YOUNG_OBJECTS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def serve(app: Application, listener: socket.socket, drain_s: float, on_stop: Callable[[], None]) -> None:
    """Serves until SIGTERM; then requests in flight have drain_s seconds."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application has its own list of proxies whose headers it believes
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(drain_s),
    )
    # uvicorn raises the signal again once it has stopped: an orderly end is exit code 0
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    DrainingServer(config, on_stop).run(sockets=[listener])


def inherited_listener() -> socket.socket:
    parser = argparse.ArgumentParser(description="One worker of Aether. The launcher (python -m backend) starts it.")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the listening socket")
    return socket.socket(fileno=parser.parse_args().fd)


def main() -> None:
    gc.disable()  # until it has started: to look for garbage among what is being imported took 0.3 s
    from backend.server import create_app

    settings = Settings()
    app = create_app(settings)
    serve(app, inherited_listener(), settings.drain, on_stop=app.state.drain)


if __name__ == "__main__":
    main()
