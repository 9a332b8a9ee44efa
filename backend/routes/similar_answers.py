"""Answers to similar questions: what was found of them, and the switch for all users."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from backend.domain.doc import Doc
from backend.domain.similarity.audit import AUDITED_SHARE, CEILING
from backend.routes.deps import Admin, AetherServices
from backend.routes.problems import ADMIN_PROBLEMS, problem_responses
from backend.routes.text import Shape
from backend.services.services import Services

router = APIRouter(prefix="/api/admin", tags=["admin"], responses=ADMIN_PROBLEMS)


class SimilarAnswersBody(Shape):
    enabled: bool = Field(description="true: users who want it get them, and what was found before is forgotten")


@dataclass(frozen=True, slots=True)
class SimilarAnswersShape:
    """Whether answers to similar questions are reused, and what was found since they were last switched on."""

    allowed: Annotated[bool, Doc("AETHER_SIMILAR_ANSWERS: false forbids them, whatever else is set")]
    enabled: Annotated[bool, Doc("Whether users who want it get them")]
    reason: Annotated[str | None, Doc("Why they are off; null: they are on")]
    since: Annotated[datetime | None, Doc("When they were last switched on or off; null: never")]
    served: Annotated[int, Doc("Hits that were answered with")]
    disputed: Annotated[int, Doc("Of those: a thumb down, or asked afresh")]
    audited: Annotated[int, Doc("Hits that were asked afresh instead")]
    differed: Annotated[int, Doc("Of those: another answer came")]
    false_share: Annotated[float | None, Doc("differed of audited, 0 to 1; null: nothing was audited")]
    low: Annotated[float | None, Doc("Lower end of its 95% interval")]
    high: Annotated[float | None, Doc("Upper end of its 95% interval")]
    certain: Annotated[float, Doc("The share of false hits that is beyond doubt, by audits or by users, 0 to 1")]
    ceiling: Annotated[float, Doc("Where certain is above this, they switch themselves off")]
    audited_share: Annotated[float, Doc("The share of hits that is asked afresh")]


@router.get("/similar-answers")
async def get_similar_answers(_: Admin, services: AetherServices) -> SimilarAnswersShape:
    """Whether answers to similar questions are reused, and how many hits were false."""
    return await _shown(services)


@router.put("/similar-answers", responses=problem_responses(413))
async def set_similar_answers(body: SimilarAnswersBody, admin: Admin, services: AetherServices) -> SimilarAnswersShape:
    """Switches the reuse of answers to similar questions on or off for all users, on every worker within a second."""
    await services.similar.set_enabled(body.enabled, admin.user_id)
    return await _shown(services)


async def _shown(services: Services) -> SimilarAnswersShape:
    state = await services.similar.look()
    found = state.findings
    low, high = found.interval or (None, None)
    return SimilarAnswersShape(
        allowed=services.similar.allowed,
        enabled=services.similar.enabled,
        reason=state.reason,
        since=state.since,
        served=found.served,
        disputed=found.disputed,
        audited=found.audited,
        differed=found.differed,
        false_share=found.false_share,
        low=low,
        high=high,
        certain=found.certain,
        ceiling=CEILING,
        audited_share=AUDITED_SHARE,
    )
