"""The launcher with a small application instead of Aether's: `python -m tests.support.standin`."""

import sys

from backend.config import Settings
from backend.launcher.main import main
from backend.wiring.preparation import Prepared


async def prepare(settings: Settings) -> Prepared:
    return Prepared("admin@example.org", "generated password")


if __name__ == "__main__":
    sys.exit(main(prepare, worker_module="tests.support.standin_worker"))
