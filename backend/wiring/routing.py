"""The routers, with the tables that they were fitted to."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import structlog

from backend.config import Settings
from backend.domain.agents import AGENTS, Agent
from backend.domain.answers.worked import WorkedAnswers, parse_worked_answers
from backend.domain.calibration.ranks import Calibration
from backend.domain.routing.agent_routing import AgentRouter, AgentTable, parse_agent_table
from backend.domain.routing.complexity import ComplexityModel, ComplexityRouter, parse_complexity

log = structlog.get_logger()


def complexity_router_of(settings: Settings, calibration: Callable[[], Calibration]) -> ComplexityRouter:
    """calibration: the one in use."""
    model = _complexity_model()
    return ComplexityRouter(model, large_share=settings.large_share, calibration=calibration)


def worked_answers() -> WorkedAnswers:
    return parse_worked_answers(_table("worked_answers"))


@cache
def _complexity_model() -> ComplexityModel:
    """Read once in a process, as a file of the program that never changes; so are the others."""
    return parse_complexity(_table("complexity"))


@cache
def _agent_table() -> AgentTable:
    with _file("agents").open(encoding="utf-8") as lines:
        return parse_agent_table(lines)


def _table(name: str) -> str:
    return _file(name).read_text(encoding="utf-8")


def _file(name: str) -> Traversable:
    """As scripts/train_router.py has written it."""
    return files("backend.domain.routing").joinpath("tables", f"{name}.json")


def agent_router_of(settings: Settings, roster: Sequence[Agent] = AGENTS) -> AgentRouter:
    """Says which agents of the roster have no part in the table: nobody is routed to them."""
    router = AgentRouter(_agent_table(), roster, settings.default_agent)
    for agent in router.untrained:
        log.warning("agent_not_trained", agent=agent, cure="scripts/train_router.py agents")
    return router
