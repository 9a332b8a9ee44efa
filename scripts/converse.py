#!/usr/bin/env python3
"""Plays conversations against a running server and checks its ledger; --help tells its flags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from converse.main import main

if __name__ == "__main__":
    sys.exit(main())
