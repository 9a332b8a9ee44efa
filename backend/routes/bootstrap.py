"""Everything that the page needs at its start, in one answer."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter

from backend.domain.agents import AGENTS
from backend.domain.doc import Doc
from backend.routes.accounts import UserShape, shape_of
from backend.routes.catalogue import AgentView, ModelView, view_of
from backend.routes.conversation_shapes import ConversationPage, ConversationShape
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.folders import FolderShape
from backend.routes.pages import DEFAULT_LIMIT, MAX_LIMIT
from backend.routes.preferences import PreferencesShape
from backend.routes.problems import PROBLEMS
from backend.routes.prompts import PromptPage, PromptShape
from backend.routes.usage import BudgetStatus, status_of

router = APIRouter(prefix="/api", tags=["bootstrap"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    user: UserShape
    agents: Annotated[list[AgentView], Doc("As GET /api/ai/v4/agents/available")]
    models: Annotated[list[ModelView], Doc("As GET /api/ai/v4/models")]
    conversations: ConversationPage
    pinned: Annotated[list[ConversationShape], Doc("Pinned conversations, up to 100, most recently used first")]
    folders: Annotated[list[FolderShape], Doc("All of them")]
    preferences: PreferencesShape
    prompts: PromptPage
    budget: BudgetStatus
    simulated: Annotated[bool, Doc("The bundled simulator answers instead of models")]
    version: Annotated[str, Doc("Of the server")]


@router.get("/bootstrap")
async def get_bootstrap(services: AetherServices, user: CurrentUser) -> Bootstrap:
    """The caller, what there is to ask, first pages of what was asked before, and what is left of the budget.

    All of it is looked up at the same time.
    """
    owner, today = user.user_id, services.database.now().date()
    (recent, pinned, folders), (account, preferences, prompts, budget) = await asyncio.gather(
        asyncio.gather(
            services.conversations.page(owner, DEFAULT_LIMIT),
            services.conversations.page(owner, MAX_LIMIT, pinned=True),
            services.folders.page(owner, MAX_LIMIT),
        ),
        asyncio.gather(
            services.accounts.profile(user),
            services.preferences.of(owner),
            services.prompts.page(owner, MAX_LIMIT),
            services.budgets.today(owner),
        ),
    )
    return Bootstrap(
        user=shape_of(account),
        agents=[AgentView(a.id, a.name, a.role, a.description, a.tier) for a in AGENTS],
        models=[view_of(model, today) for model in services.ai.catalogue.models],
        conversations=ConversationPage(
            items=[ConversationShape.model_validate(conversation) for conversation in recent[0]], next_cursor=recent[1]
        ),
        pinned=[ConversationShape.model_validate(conversation) for conversation in pinned[0]],
        folders=[FolderShape.model_validate(folder) for folder in folders[0]],
        preferences=PreferencesShape.model_validate(preferences),
        prompts=PromptPage(items=[PromptShape.model_validate(prompt) for prompt in prompts[0]], next_cursor=prompts[1]),
        budget=status_of(budget),
        simulated=services.simulated,
        version=services.health.version,
    )
