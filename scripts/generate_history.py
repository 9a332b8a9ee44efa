#!/usr/bin/env python3
"""Generates the history of an installation of any size, for measurements; --help tells its flags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmark.history.main import main

if __name__ == "__main__":
    sys.exit(main())
