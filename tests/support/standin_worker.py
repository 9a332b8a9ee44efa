"""A worker whose application answers its process id; /hold answers only after STANDIN_HOLD seconds.

STANDIN_BROKEN=1: it cannot start.
"""

import asyncio
import os
import sys
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from backend.config import Settings
from backend.worker import inherited_listener, serve


async def who(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))


async def hold(request: Request) -> PlainTextResponse:
    sys.stdout.write("holding\n")
    sys.stdout.flush()
    await asyncio.sleep(float(os.environ["STANDIN_HOLD"]))
    return PlainTextResponse("held to the end")


if __name__ == "__main__":
    if os.environ.get("STANDIN_BROKEN"):
        sys.exit("this worker cannot start")
    routes = [Route("/api/health/ready", who), Route("/hold", hold)]
    stopping = partial(print, "worker told to end", flush=True)
    serve(Starlette(routes=routes), inherited_listener(), Settings().drain, on_stop=stopping)
