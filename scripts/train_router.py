#!/usr/bin/env python3
"""Fits a table that the server routes with: train_router.py agents; --help tells the flags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from router_training.main import train

if __name__ == "__main__":
    sys.exit(train())
