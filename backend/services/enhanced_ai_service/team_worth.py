"""What a quote says about a team: its verdict, in words, with both prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from backend.domain.agents import AGENTS_BY_ID, Agent
from backend.domain.replies import CostRange, TeamPart, TeamWorth
from backend.domain.routing.agent_routing import AgentRouter
from backend.domain.routing.team_worth import Separation

CLEAR_PROBABILITY = 0.95
"""From which the agent router is sure enough of a part: it misses one team of the fitting part."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Of one agent and of the team: the ranges, and for answers of usual length in pico-dollars (None: unknown)."""

    one: CostRange
    team: CostRange
    one_usual: int | None
    team_usual: int | None

    @property
    def times(self) -> float | None:
        """How many times one agent's price the team's is."""
        if not self.one_usual or self.team_usual is None:
            return None
        return round(self.team_usual / self.one_usual, 1)


def field_of(router: AgentRouter, text: str) -> str | None:
    """The id of the agent in whose field a text clearly is."""
    agent, probability = max(router.scores(text).items(), key=itemgetter(1))
    return agent if probability >= CLEAR_PROBABILITY else None


def team_worth(separation: Separation, alone: Agent, agents: Sequence[str], prices: Prices) -> TeamWorth:
    """alone: the agent that would answer instead of the team. agents: the team that is priced."""
    parts = separation.parts
    gain = separation.foreign(alone.id) / len(parts) if separation.separates else 0.0
    return TeamWorth(
        verdict="team" if separation.separates else "one agent",
        why=_why(separation, alone) + _price(prices, len(agents)),
        agents=tuple(agents),
        parts=tuple(TeamPart(part.agent, part.text) for part in parts),
        gain=round(gain, 2),
        one=prices.one,
        team=prices.team,
        times=prices.times,
    )


def _why(separation: Separation, alone: Agent) -> str:
    if not separation.parts:
        return "no part of the message calls for a particular specialist"
    names = [AGENTS_BY_ID[part.agent].name for part in separation.parts]
    if not separation.separates:
        return f"the message stays within the field of {names[0]}"
    quoted = "; ".join(f"{name}: “{part.text}”" for name, part in zip(names, separation.parts, strict=True))
    foreign = separation.foreign(alone.id)
    return f"{quoted}. {alone.name} alone would answer {foreign} of {len(names)} parts outside its field"


def _price(prices: Prices, agents: int) -> str:
    return f"; a team of {agents} costs about {prices.times} times as much" if prices.times else ""
