"""The command lines of scripts/train_router.py and scripts/evaluate_router.py: one subcommand a router."""

import argparse
from collections.abc import Mapping, Sequence
from types import ModuleType

from router_training import (
    agents,
    complexity,
    evaluate_agents,
    evaluate_cascade,
    evaluate_complexity,
    evaluate_similar,
    evaluate_team,
    worked_answers,
)

TRAINED: Mapping[str, ModuleType] = {"agents": agents, "complexity": complexity, "cascade": worked_answers}
EVALUATED: Mapping[str, ModuleType] = {
    "agents": evaluate_agents,
    "complexity": evaluate_complexity,
    "cascade": evaluate_cascade,
    "similar": evaluate_similar,
    "team": evaluate_team,
}


def train(arguments: Sequence[str] | None = None) -> int:
    return _run("train_router.py", TRAINED, arguments)


def evaluate(arguments: Sequence[str] | None = None) -> int:
    return _run("evaluate_router.py", EVALUATED, arguments)


def _run(program: str, modules: Mapping[str, ModuleType], arguments: Sequence[str] | None) -> int:
    """modules: a subcommand's name -> the module that adds its arguments and runs it."""
    parser = argparse.ArgumentParser(program)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in modules.items():
        module.add_arguments(commands.add_parser(name, help=module.__doc__))
    options = parser.parse_args(arguments)
    return int(modules[options.command].run(options))
