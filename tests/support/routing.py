"""The routers as they are shipped, read once in a process of tests."""

from functools import cache
from pathlib import Path

from backend.domain.agents import AGENTS, DEFAULT_AGENT
from backend.domain.answers.worked import WorkedAnswers
from backend.domain.routing.agent_routing import AgentRouter, AgentTable, parse_agent_table
from backend.domain.routing.complexity import ComplexityModel, ComplexityRouter
from router_training import complexity
from router_training import worked_answers as worked

ROOT = Path(__file__).resolve().parents[2]
AGENT_TABLE = ROOT / "backend" / "domain" / "routing" / "tables" / "agents.json"


@cache
def agent_table() -> AgentTable:
    with AGENT_TABLE.open(encoding="utf-8") as lines:
        return parse_agent_table(lines)


def agent_router(default: str = DEFAULT_AGENT) -> AgentRouter:
    return AgentRouter(agent_table(), AGENTS, default)


@cache
def complexity_model() -> ComplexityModel:
    return complexity.shipped()


def complexity_router(large_share: float = 0.2) -> ComplexityRouter:
    return ComplexityRouter(complexity_model(), large_share=large_share)


@cache
def worked_answers() -> WorkedAnswers:
    return worked.shipped()
