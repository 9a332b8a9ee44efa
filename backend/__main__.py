"""python -m backend: starts Aether and everything that it needs."""

import sys

from backend.launcher.main import main
from backend.wiring.preparation import prepare

if __name__ == "__main__":
    sys.exit(main(prepare))
