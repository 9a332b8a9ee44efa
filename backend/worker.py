"""python -m backend.worker --fd N: one worker, serving the application on a socket that it inherits."""

import argparse
import math
import signal
import socket

import uvicorn

from backend.config import Settings
from backend.server import create_app


def main() -> None:
    parser = argparse.ArgumentParser(description="One worker of Aether. The launcher (python -m backend) starts it.")
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the listening socket")
    listener = socket.socket(fileno=parser.parse_args().fd)
    settings = Settings()
    config = uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.drain),
    )
    # uvicorn raises the signal again once it has stopped: an orderly end is exit code 0
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
