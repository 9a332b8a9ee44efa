"""One module a scenario: its function measure(bench) returns a Scenario of the module's name."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable

from benchmark.bench import Bench
from benchmark.results import Scenario
from benchmark.targets import TARGETS

Measure = Callable[[Bench], Awaitable[Scenario]]


def scenario_names() -> list[str]:
    """Every module of this package, in the order of the targets, then those without one."""
    found = {module.name for module in pkgutil.iter_modules(__path__)}
    ordered = [target.scenario for target in TARGETS if target.scenario in found]
    return list(dict.fromkeys([*ordered, *sorted(found)]))


def measure_of(name: str) -> Measure:
    measure: Measure = importlib.import_module(f"{__name__}.{name}").measure
    return measure
