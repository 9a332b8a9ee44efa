#!/usr/bin/env python3
"""Judges the routers on examples that they have not seen: evaluate_router.py agents; --help tells the flags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from router_training.main import evaluate

if __name__ == "__main__":
    sys.exit(evaluate())
