"""Which agent answers: message and context to one agent, with the words that decided."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from backend.domain.agents import AGENTS, DEFAULT_AGENT, Agent
from backend.domain.vocabulary import Vocabulary

CODE_SIGNS: tuple[tuple[str, re.Pattern[str] | None], ...] = (
    ("```", None),
    ("Traceback (most recent", None),
    ("def ", re.compile(r"\bdef \w+\(")),
    ("=>", re.compile(r"=> ?\{")),
    (";", re.compile(r";\s*$", re.M)),
    ("</", re.compile(r"</\w+>")),
    # from the start of a line to its first SELECT, so that the line is read once however often the word follows
    # (no possessive quantifiers here: Python 3.11.2, Debian's, gets them wrong)
    ("SELECT", re.compile(r"^(?:(?!\bSELECT\b).)*SELECT\b.+\bFROM\b", re.M)),
)
"""What only code looks like: a text that has to be there, and the pattern that then decides."""

CONTEXT_WEIGHT = 0.3
SCANNED_CHARACTERS = 4_000
MINIMUM_SCORE = 1.0
CLEAR_SCORE = 2.0


@dataclass(frozen=True, slots=True)
class AgentChoice:
    agent: Agent
    reasons: tuple[str, ...]


class AgentRouter:
    """Chooses among the agents of a roster; default is the id of the one that answers where no field stands out."""

    def __init__(self, roster: Sequence[Agent] = AGENTS, default: str = DEFAULT_AGENT) -> None:
        self._roster = tuple(roster)
        self._default = next(agent for agent in roster if agent.id == default)
        self._vocabulary = Vocabulary([agent.terms for agent in roster])

    def route(self, message: str, context: Sequence[str] = ()) -> AgentChoice:
        """The agent whose vocabulary the message speaks most, the earlier in the roster where two are equal."""
        text, background = message[:SCANNED_CHARACTERS], "\n".join(context[-2:])[:SCANNED_CHARACTERS]
        found, earlier = self._vocabulary.find(text), self._vocabulary.find(background)
        code = contains_code(text)
        scores = [
            fsum(now.values()) + CONTEXT_WEIGHT * fsum(before.values()) + (agent.code_weight if code else 0.0)
            for agent, now, before in zip(self._roster, found, earlier, strict=True)
        ]
        best = max(range(len(scores)), key=scores.__getitem__)
        if scores[best] < MINIMUM_SCORE:
            reason = f"no agent's field stands out: {self._default.name} answers by default"
            return AgentChoice(self._default, (reason,))
        agent = self._roster[best]
        because = _because(found[best], code and agent.code_weight > 0)
        return AgentChoice(agent, (f"{agent.name} ({agent.role}): {because}",))

    def fields_of(self, message: str) -> list[Agent]:
        """The agents whose field the message clearly touches, in the roster's order."""
        found = self._vocabulary.find(message[:SCANNED_CHARACTERS])
        return [agent for agent, terms in zip(self._roster, found, strict=True) if fsum(terms.values()) >= CLEAR_SCORE]


def contains_code(text: str) -> bool:
    return any(sign in text and (pattern is None or pattern.search(text)) for sign, pattern in CODE_SIGNS)


def _because(found: dict[str, float], code: bool) -> str:
    words = sorted(found, key=lambda term: (-found[term], term))[:3]
    because = [f"the message speaks of {', '.join(words)}"] if words else []
    if code:
        because.append("it contains code")
    return " and ".join(because or ["the conversation so far is in this field"])


_ROUTER = AgentRouter()
route_agent = _ROUTER.route
fields_of = _ROUTER.fields_of
