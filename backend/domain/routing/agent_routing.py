"""Which agent answers: message and context to one agent of the roster, or to the default one where none stands out."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import takewhile
from math import exp, fsum

import orjson

from backend.domain.agents import AGENTS, DEFAULT_AGENT, Agent
from backend.domain.routing.agent_features import CODE, context_share, features_of, scanned
from backend.domain.routing.remembered import Remembered
from backend.domain.routing.text_classifier import Row, TextClassifier, pack_rows

UNSURE = "unsure"
"""The class of messages that belong to no agent."""

TABLE_FORMAT = 1
ROWS_BEGIN, ROWS_END = '"rows": {\n', "}}\n"
"""The lines of a data file between which each line is a row."""

SHARPNESS = 4.0
"""Turns margins into probabilities; the one that fitted the training examples best in cross-validation."""

CONTEXT_MESSAGES = 2
REASON_WORDS = 3


@dataclass(frozen=True, slots=True)
class AgentTable:
    """What scripts/train_router.py has fitted. context_weight: of what came before a single word."""

    classifier: TextClassifier
    context_weight: float


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """sure: false where the default agent answers because no field stood out."""

    agent: Agent
    reasons: tuple[str, ...]
    sure: bool


def parse_agent_table(lines: Iterable[str]) -> AgentTable:
    """The table in a data file, which has a line for each row. Raises ValueError for one of another format.

    They are read one by one: what the whole file becomes for a moment would leave 20 MB with the process for good.
    """
    lines = iter(lines)
    head = "".join(takewhile(lambda line: line != ROWS_BEGIN, lines))
    table = orjson.loads(head.rstrip(",\n") + "}")
    if table["format"] != TABLE_FORMAT:
        raise ValueError(f"expected a table of format {TABLE_FORMAT}, found {table['format']}")
    rows = pack_rows(map(_parse_row, takewhile(lambda line: line != ROWS_END, lines)))
    classifier = TextClassifier(tuple(table["classes"]), rows, table["unit"], tuple(table["intercepts"]))
    return AgentTable(classifier, table["context_weight"])


def _parse_row(line: str) -> tuple[str, Row]:
    [(feature, row)] = orjson.loads("{" + line.rstrip(",\n") + "}").items()
    return feature, row


class AgentRouter:
    """Chooses among the agents of a roster. default: id of the one that answers where no field stands out."""

    def __init__(self, table: AgentTable, roster: Sequence[Agent] = AGENTS, default: str = DEFAULT_AGENT) -> None:
        self._classifier = table.classifier
        self._context_weight = table.context_weight
        self._default = next(agent for agent in roster if agent.id == default)
        by_id = {agent.id: agent for agent in roster}
        self._agents = [by_id.get(name) for name in table.classifier.classes]
        self._known = [
            at for at, name in enumerate(table.classifier.classes) if name == UNSURE or self._agents[at] is not None
        ]
        self.untrained = tuple(agent.id for agent in roster if agent not in self._agents)
        """Agents that the table does not know: they answer where they are asked by name."""
        self._choice = Remembered(self._choose)

    def route(self, message: str, context: Sequence[str] = ()) -> AgentChoice:
        """The agent whose examples the message is most like; what came before counts less than the message."""
        return self._choice(message, context)

    def _choose(self, message: str, context: Sequence[str]) -> AgentChoice:
        text = scanned(message)
        features = features_of(text)
        now, before = self._margins(text, features, context)
        best, second = sorted(self._known, key=self._totals(now, before).__getitem__, reverse=True)[:2]
        agent = self._agents[best] if any(now) or any(before) else None
        if agent is None:
            return AgentChoice(self._default, (_default_reason(self._default),), sure=False)
        earlier = before[best] - before[second] > now[best] - now[second]
        words = [] if earlier else self._classifier.words_for(text, best, second, REASON_WORDS)
        code = CODE in features and self._classifier.weight_of((CODE,), best, second) > 0
        because = _because(words, code=code, earlier=earlier)
        return AgentChoice(agent, (f"{agent.name} ({agent.role}): {because}",), sure=True)

    def scores(self, message: str, context: Sequence[str] = ()) -> dict[str, float]:
        """Probability of each agent that the table knows, by id; what is missing to 1 is that of none of them."""
        text = scanned(message)
        now, before = self._margins(text, features_of(text), context)
        totals = self._totals(now, before)
        weights = {at: exp(SHARPNESS * totals[at]) for at in self._known}
        total = fsum(weights.values())
        return {agent.id: weights[at] / total for at in self._known if (agent := self._agents[at])}

    def _totals(self, now: Sequence[float], before: Sequence[float]) -> list[float]:
        return list(map(fsum, zip(self._classifier.intercepts, now, before, strict=True)))

    def _margins(self, text: str, features: Set[str], context: Sequence[str]) -> tuple[list[float], list[float]]:
        """Of the message and, with its weight, of what came before."""
        now = self._classifier.evidence(features)
        if not context:
            return now, [0.0] * len(now)
        before = self._classifier.evidence(features_of(scanned(background(context))))
        weight = self._context_weight * context_share(text)
        return now, [weight * margin for margin in before]


def background(context: Sequence[str]) -> str:
    """What of a conversation counts for the routing of its next message."""
    return "\n".join(map(scanned, context[-CONTEXT_MESSAGES:]))


def _default_reason(default: Agent) -> str:
    return f"no agent's field stands out: {default.name} answers by default"


def _because(words: Sequence[str], *, code: bool, earlier: bool) -> str:
    because = [f"the message speaks of {', '.join(words)}"] if words else []
    if code:
        because.append("it contains code")
    if earlier:
        because.append("the conversation so far is in this field")
    return " and ".join(because or ["the message as a whole is worded like this"])
