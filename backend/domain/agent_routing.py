"""Which agent answers: message and context to one agent, with the words that decided."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.agents import AGENTS, AGENTS_BY_ID, DEFAULT_AGENT, Agent

CODE_SIGNS = re.compile(r"```|Traceback \(most recent|\bdef \w+\(|=> ?\{|;\s*$|</\w+>|\bSELECT\b.+\bFROM\b", re.M)
CODE_WEIGHT = 3.0
CONTEXT_WEIGHT = 0.3
SCANNED_CHARACTERS = 4_000
MINIMUM_SCORE = 1.0
CLEAR_SCORE = 2.0


@dataclass(frozen=True, slots=True)
class AgentChoice:
    agent: Agent
    reasons: tuple[str, ...]


def _compile(agent: Agent) -> tuple[re.Pattern[str], dict[str, float]]:
    """One alternation of the agent's terms: short ones (4 characters or fewer) as whole words, longer ones as stems."""
    terms = sorted(agent.terms, key=len, reverse=True)
    alternatives = (re.escape(term) + (r"(?=s?(?!\w))" if len(term) <= 4 else "") for term in terms)
    return re.compile(r"(?<!\w)(?:" + "|".join(alternatives) + ")", re.I), agent.terms


_VOCABULARIES = {agent.id: _compile(agent) for agent in AGENTS}


def _matches(agent: Agent, text: str) -> dict[str, float]:
    """The agent's terms that occur in the text, with their weights."""
    pattern, terms = _VOCABULARIES[agent.id]
    return {term: terms[term] for term in {found.lower() for found in pattern.findall(text)}}


def route_agent(message: str, context: Sequence[str] = ()) -> AgentChoice:
    """The agent whose vocabulary the message speaks most, the default where none stands out."""
    text, background = message[:SCANNED_CHARACTERS], "\n".join(context[-2:])[:SCANNED_CHARACTERS]
    scores: list[tuple[float, Agent, dict[str, float]]] = []
    has_code = bool(CODE_SIGNS.search(text))
    for agent in AGENTS:
        found = _matches(agent, text)
        score = sum(found.values()) + CONTEXT_WEIGHT * sum(_matches(agent, background).values())
        if agent.id == "dev" and has_code:
            score += CODE_WEIGHT
        scores.append((score, agent, found))
    best, agent, found = max(scores, key=lambda row: row[0])
    if best < MINIMUM_SCORE:
        chosen = AGENTS_BY_ID[DEFAULT_AGENT]
        return AgentChoice(chosen, (f"no agent's field stands out: {chosen.name} answers by default",))
    words = sorted(found, key=lambda term: (-found[term], term))[:3]
    because = [f"the message speaks of {', '.join(words)}"] if words else []
    if agent.id == "dev" and has_code:
        because.append("it contains code")
    if not because:
        because.append("the conversation so far is in this field")
    return AgentChoice(agent, (f"{agent.name} ({agent.role}): {' and '.join(because)}",))


def fields_of(message: str) -> list[Agent]:
    """The agents whose field the message clearly touches, in the roster's order."""
    text = message[:SCANNED_CHARACTERS]
    return [agent for agent in AGENTS if sum(_matches(agent, text).values()) >= CLEAR_SCORE]
