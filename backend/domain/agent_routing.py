"""Which agent answers: message and context to one agent, with the words that decided."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain.agents import AGENTS, AGENTS_BY_ID, DEFAULT_AGENT, Agent

WORD = re.compile(r"[\w+#-]+")
CODE_SIGNS = re.compile(
    r"```|Traceback \(most recent|\bdef \w+\(|=> ?\{|;\s*$|</\w+>|\bSELECT\b.+\bFROM\b", re.M
)
CODE_WEIGHT = 3.0
CONTEXT_WEIGHT = 0.3
SCANNED_CHARACTERS = 4_000
MINIMUM_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class AgentChoice:
    agent: Agent
    reasons: tuple[str, ...]


def _compile(agent: Agent) -> re.Pattern[str]:
    terms = sorted(agent.vocabulary, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(term) for term in terms) + r")", re.I)


_PATTERNS = {agent.id: _compile(agent) for agent in AGENTS}


def _matches(agent: Agent, text: str) -> dict[str, float]:
    """Distinct vocabulary terms in the text with their weights; a short term counts as a whole word only."""
    found: dict[str, float] = {}
    for match in _PATTERNS[agent.id].finditer(text):
        term = match.group().lower()
        end = match.end()
        if (
            len(term) <= 4
            and end < len(text)
            and text[end].isalpha()
            and text[end : end + 2].lower() not in ("s", "s ")
        ):
            continue
        found[term] = agent.vocabulary[term]
    return found


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
    words = sorted(found, key=lambda term: -found[term])[:3]
    because = [f"the message speaks of {', '.join(words)}"] if words else []
    if agent.id == "dev" and has_code:
        because.append("it contains code")
    if not because:
        because.append("the conversation so far is in this field")
    return AgentChoice(agent, (f"{agent.name} ({agent.role}): {' and '.join(because)}",))
