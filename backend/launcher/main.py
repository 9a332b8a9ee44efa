"""From the command line to an exit code."""

import asyncio
import sys

from pydantic import ValidationError

from backend.config import Settings
from backend.errors import AetherError
from backend.launcher.launch import WORKER_MODULE, Prepare, launch
from backend.launcher.open_files import allow_open_files
from backend.services.embedded import StartError
from backend.services.logs import configure_logging


def main(prepare: Prepare, *, worker_module: str = WORKER_MODULE) -> int:
    """0 after an orderly stop, 1 where it could not start: the reason is on stderr."""
    try:
        settings = Settings()
        allow_open_files()
        configure_logging(settings.log_level)
        asyncio.run(launch(settings, prepare, worker_module=worker_module))
    except ValidationError as error:
        return _refuse("\n".join(_setting_problem(problem["loc"], problem["msg"]) for problem in error.errors()))
    except StartError as error:
        return _refuse(str(error))
    except AetherError as error:
        return _refuse(error.detail)
    return 0


def _setting_problem(location: tuple[int | str, ...], message: str) -> str:
    """The name of the setting and what is wrong, without its value."""
    return ": ".join((*(str(part).upper() for part in location[:1]), message.removeprefix("Value error, ")))


def _refuse(reason: str) -> int:
    sys.stderr.write(f"Aether cannot start: {reason}\n")
    return 1
