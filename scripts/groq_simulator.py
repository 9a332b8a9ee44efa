#!/usr/bin/env python3
"""Starts the simulator of Groq's protocol; --help tells its flags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from backend.simulator.server import main

if __name__ == "__main__":
    main()
