"""The roster: five complete rows, each recognisable, and prompts that change their version when they change."""

from dataclasses import fields, replace

import pytest

from backend.domain.agents import AGENTS, AGENTS_BY_ID, DEFAULT_AGENT, QUICK, SYNTHESIZER, TEAM, Agent

ROLES = {
    "dev": "Senior full-stack developer",
    "luna": "UX/UI designer",
    "atlas": "System architect",
    "quinn": "QA engineer",
    "sage": "Project manager",
}


def test_the_five_agents_and_their_roles() -> None:
    assert {agent.id: agent.role for agent in AGENTS} == ROLES
    assert list(AGENTS_BY_ID) == [agent.id for agent in AGENTS]
    assert DEFAULT_AGENT in AGENTS_BY_ID


@pytest.mark.parametrize("field", ["id", "name", "role", "description", "system_prompt", "prompt_version"])
def test_rows_are_complete_and_distinct(field: str) -> None:
    values = [getattr(agent, field) for agent in (*AGENTS, QUICK, SYNTHESIZER)]
    assert all(values)
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.id)
def test_an_agent_introduces_itself(agent: Agent) -> None:
    assert agent.system_prompt.startswith(f"You are {agent.name}, ")
    assert 0 <= agent.temperature <= 1
    assert agent.tier in ("small", "large")


def test_the_names_of_helpers_are_not_taken_by_agents() -> None:
    assert not {QUICK.id, SYNTHESIZER.id, TEAM, "auto"} & set(AGENTS_BY_ID)


@pytest.mark.parametrize("change", [{"system_prompt": "You are somebody else."}, {"temperature": 0.9}])
def test_the_prompt_version_follows_what_shapes_an_answer(change: dict[str, str | float]) -> None:
    agent = AGENTS[0]
    given = {field.name: getattr(agent, field.name) for field in fields(agent) if field.init}
    assert Agent(**{**given, **change}).prompt_version != agent.prompt_version


def test_the_prompt_version_ignores_what_does_not_shape_an_answer() -> None:
    agent = AGENTS[0]
    assert replace(agent, description="Another.").prompt_version == agent.prompt_version
