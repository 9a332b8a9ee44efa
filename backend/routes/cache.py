"""The caller's own cached answers."""

from dataclasses import dataclass

from fastapi import APIRouter

from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS

router = APIRouter(prefix="/api/ai/v4", tags=["cache"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class Cleared:
    """Entries removed by layer; those in the memory of other workers go within a second and are not counted."""

    cleared: dict[str, int]


@router.post("/cache/clear")
async def clear_cache(user: CurrentUser, services: AetherServices) -> Cleared:
    return Cleared(await services.cache.clear_user(user.user_id))
