"""The caller's own cached answers."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter

from backend.domain.doc import Doc
from backend.routes.deps import AetherServices, ChatCaller
from backend.routes.problems import PROBLEMS

router = APIRouter(prefix="/api/ai/v4", tags=["cache"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class Cleared:
    cleared: Annotated[
        dict[str, int],
        Doc("Answers removed, by layer; those in the memory of other workers go within a second and are not counted"),
    ]


@router.post("/cache/clear")
async def clear_cache(user: ChatCaller, services: AetherServices) -> Cleared:
    """Forgets the caller's own cached answers, in every layer, on every worker within a second."""
    return Cleared(await services.cache.clear_user(user.user_id))
