"""Load: wrk where it is installed, else a generator of our own."""

from benchmark.load.generator import generate
from benchmark.load.requests import Requests
from benchmark.load.result import Load
from benchmark.load.run import offer

__all__ = ["Load", "Requests", "generate", "offer"]
