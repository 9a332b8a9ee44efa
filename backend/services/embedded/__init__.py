"""The servers that Aether brings along: starts and stops mongod and Valkey as child processes."""

from backend.services.embedded.errors import BinaryDoesNotRunError, StartError
from backend.services.embedded.layout import DataLayout
from backend.services.embedded.mongod import running_mongo_url, start_mongod
from backend.services.embedded.process import Child, python_module, spawn
from backend.services.embedded.records import recorded_processes
from backend.services.embedded.server import EmbeddedServer
from backend.services.embedded.simulator import start_simulator
from backend.services.embedded.valkey import running_redis_url, start_valkey

__all__ = [
    "BinaryDoesNotRunError",
    "Child",
    "DataLayout",
    "EmbeddedServer",
    "StartError",
    "python_module",
    "recorded_processes",
    "running_mongo_url",
    "running_redis_url",
    "spawn",
    "start_mongod",
    "start_simulator",
    "start_valkey",
]
