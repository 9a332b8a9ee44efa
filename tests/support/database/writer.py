"""A process that opens and closes turns as fast as it can and prints each acknowledgement, until it is killed."""

import asyncio
import sys

from tests.support.database.opening import DRIVERS, opened, started
from tests.support.database.turns import make_call, make_outcome, make_turn

CALLERS = 16


async def main(url: str, name: str, driver: str) -> None:
    chosen = next(known for known in DRIVERS if known == driver)
    async with opened(url, name, chosen) as database, started(database) as log:

        async def chat() -> None:
            while True:
                turn = make_turn()
                await log.open(turn)
                print("opened", turn.message_id, flush=True)  # noqa: T201 - its output is what it is for
                await log.close(turn, make_outcome(make_call()))
                print("closed", turn.message_id, flush=True)  # noqa: T201

        await asyncio.gather(*(chat() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
