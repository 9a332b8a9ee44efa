"""Whether a message is worth a team: which of its parts belong to different agents' fields.

A team pays where the work separates, and only for the agents that have a part in it. A message is split where lists,
sentences and joining words split it; a part counts where it asks for something and the agent router is sure whose
field it is. What is not sure belongs to the part before it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FieldOf = Callable[[str], str | None]
"""The id of the agent in whose field a text surely is, None where none is."""

SCANNED_CHARACTERS = 4_000
PARTS_AT_MOST = 24
WORDS_AT_LEAST = 3
QUOTED_CHARACTERS = 80

CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
QUOTATION = re.compile(r"\"[^\"\n]{20,}\"|[„“][^„”“]{20,}[”“]|«[^»]{20,}»")
OPTION = re.compile(r"(?m)^[^\S\n]*[A-E][.)] .*$")
OPTIONS_AT_LEAST = 3
"""Lines that begin so are the choices of a question, and no works."""
ITEM = re.compile(r"(?m)^[^\S\n]*(?:[-*•]|\d{1,2}[.)]|[A-Za-z][.)])[^\S\n]+")
BREAK = re.compile(
    r"(?<=[.!?;])\s+|\n\s*\n|[,;]?\s+(?=(?:and )?(?:also|as well|in addition|besides that|separately|then|next)\b[ ,])"
    r"|[,;]?\s+(?=(?:a (?:także|potem|dodatkowo)|i (?:dodatkowo|potem)|oraz|ponadto|następnie|osobno|potem)\b[ ,])",
    re.IGNORECASE,
)
JOINT = re.compile(r",\s+(?:and\s+|and also\s+|i\s+|oraz\s+)?|\s+(?:and|i|oraz)\s+")
"""Where a sentence may name several works. It is only split there if both sides are surely of different fields."""
JOINING = re.compile(
    r"^(?:and|also|as well|in addition|besides that|separately|then|next|please|part \w+|a także|a potem|a dodatkowo|"
    r"i dodatkowo|i potem|i|oraz|ponadto|następnie|osobno|potem|też|także)[,:]?\s+",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"^(?:please )?(?:use|include|avoid|return|keep|make sure|be|do not|don't|never|limit|format|assume|note|remember|"
    r"answer|it (?:must|should)|add|użyj|używaj|uwzględnij|unikaj|zwróć|zachowaj|pamiętaj|odpowiedz|nie|załóż|"
    r"niech|musi|dodaj)\b",
    re.IGNORECASE,
)
"""How a sentence begins that says how the work before it is to be done."""
TELLING = re.compile(
    r"^(?:i am|i'm|i was|i have|we are|we have|my|our|this is|here is|it is|thanks?|jestem|mam|mój|moja|moje|nasz\w*|"
    r"to jest|oto|dzięk\w+)\b",
    re.IGNORECASE,
)
"""How a part begins that tells something and asks for nothing."""


@dataclass(frozen=True, slots=True)
class FieldPart:
    """A part of a message that is surely in one agent's field. text: its beginning."""

    agent: str
    text: str


@dataclass(frozen=True, slots=True)
class Separation:
    """parts: in the message's order, neighbours of one agent as one."""

    parts: tuple[FieldPart, ...]

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents that have a part, in the message's order."""
        return tuple(dict.fromkeys(part.agent for part in self.parts))

    @property
    def separates(self) -> bool:
        return len(self.agents) > 1

    def foreign(self, agent: str) -> int:
        """How many parts one agent would answer outside its field."""
        return sum(part.agent != agent for part in self.parts)


def separate(message: str, field_of: FieldOf) -> Separation:
    """The parts of a message that are surely in a field."""
    parts: list[FieldPart] = []
    for piece in _pieces(message):
        for text, agent in _works(piece, field_of):
            if not parts or parts[-1].agent != agent:
                parts.append(FieldPart(agent, _shortened(text)))
    return Separation(tuple(parts))


def _pieces(message: str) -> Sequence[str]:
    text = QUOTATION.sub("…", CODE_BLOCK.sub(" ", message[:SCANNED_CHARACTERS]))
    if len(OPTION.findall(text)) >= OPTIONS_AT_LEAST:
        text = OPTION.sub("", text)
    lines = [line for item in ITEM.split(text) for line in BREAK.split(item)]
    return [line.strip() for line in lines if line and line.strip()][:PARTS_AT_MOST]


def _works(piece: str, field_of: FieldOf) -> list[tuple[str, str]]:
    """(text, agent) of the works that a piece names: several where its joints part different fields."""
    if TELLING.match(piece) or CONDITION.match(piece):
        return []
    clauses = [clause for clause in JOINT.split(piece) if clause]
    found = [(clause, agent) for clause in clauses if _is_work(clause) and (agent := field_of(clause))]
    if len({agent for _, agent in found}) > 1:
        return found
    whole = field_of(piece)
    return [(piece, whole)] if whole and _is_work(piece) else []


def _is_work(text: str) -> bool:
    return len(text.split()) >= WORDS_AT_LEAST and not TELLING.match(text)


def _shortened(text: str) -> str:
    text = JOINING.sub("", " ".join(text.split())).rstrip(".,;:")
    if len(text) <= QUOTED_CHARACTERS:
        return text
    return f"{text[:QUOTED_CHARACTERS].rsplit(' ', 1)[0]}…"
