"""A cascade: the small model is asked first, its answer checked, and the large model asked where it is doubted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from backend.domain.answers.checks import DOUBT_THRESHOLD, AnswerCheck
from backend.domain.doc import Doc

Hindrance = Literal["time", "cost", "model", "answered"]
HINDRANCES: dict[Hindrance, str] = {
    "time": "too little time was left for the large model",
    "cost": "the cost cap left too little for the large model",
    "model": "the large model did not answer",
    "answered": "the large model had answered already, in the small one's place",
}


@dataclass(frozen=True, slots=True)
class CascadeUse:
    """What became of the small model's answer."""

    first_model: Annotated[str, Doc("The model whose answer was checked")]
    doubt: Annotated[float, Doc("What its check found, 0 to 1; from 0.5 on the large model is asked")]
    doubts: Annotated[tuple[str, ...], Doc("What speaks against it, in people's words, the weightiest first")]
    escalated: Annotated[bool, Doc("The answer is the large model's")]
    hindered_by: Annotated[
        Hindrance | None, Doc("Why an answer that is doubted stands; null: it is not doubted, or was escalated")
    ] = None

    @property
    def reason(self) -> str:
        """As it stands among the reasons of the routing."""
        if self.doubt < DOUBT_THRESHOLD:
            return f"the answer of {self.first_model} was checked and stands"
        doubts = f" ({'; '.join(self.doubts)})" if self.doubts else ""
        told = f"the answer of {self.first_model} was doubted{doubts}"
        return f"{told}, but stands: {HINDRANCES[self.hindered_by]}" if self.hindered_by else f"{told} and given up"


def judged(model: str, check: AnswerCheck, hindered_by: Hindrance | None = None) -> CascadeUse:
    """What becomes of an answer of that check; what stands in the way of the large model matters where it is asked."""
    doubted = check.doubt >= DOUBT_THRESHOLD
    hindered = hindered_by if doubted else None
    return CascadeUse(model, check.doubt, check.reasons, doubted and hindered is None, hindered)


def cascade_of(fields: Mapping[str, Any] | None) -> CascadeUse | None:
    """One that was JSON. Raises TypeError or KeyError for anything else."""
    return None if fields is None else CascadeUse(**{**fields, "doubts": tuple(fields["doubts"])})
