"""What administrators have set for all workers: the state of the installation, and budgets of users' own."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import ReturnDocument

from backend.domain.budgets import Budget
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.reads import USER_BY_ID

COLLECTION = "controls"
SPENDING = "spending"

STATE = Query("controls.state", COLLECTION, lambda name: {"_id": name}, {"name": ("_id", SPENDING)})
WITH_BUDGET = Query(
    "users.with_budget",
    "users",
    lambda since: {"budget_set_at": {"$gte": since}},
    {"since": ("budget_set_at", datetime(2026, 1, 1, tzinfo=UTC))},
    fields=("budget",),
)
QUERIES = (STATE, WITH_BUDGET)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ControlState:
    """enabled: models may be called. revision: grows with every change of any user's budget."""

    enabled: bool = True
    revision: int = 0


class ControlRepository:
    """For administrators: no user stands behind these."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def read(self) -> ControlState:
        document = await self._database.find_one(STATE, name=SPENDING)
        return _state(document)

    async def set_enabled(self, enabled: bool, actor: str) -> None:
        change = {"enabled": enabled, "actor": actor, "changed_at": self._database.now()}
        await self._change({"$set": change})

    async def budgets(self) -> dict[str, Budget]:
        """Of the users who have one of their own."""
        documents = await self._database.find(WITH_BUDGET, limit=0, since=FIRST)
        return {row["_id"]: Budget(row["budget"]["tokens"], row["budget"]["cost"]) for row in documents}

    async def set_budget(self, user_id: str, budget: Budget | None) -> bool:
        """None removes it. False: there is no such user."""
        if budget is None:
            change: Document = {"$unset": {"budget": "", "budget_set_at": ""}}
        else:
            own = {"tokens": budget.tokens, "cost": budget.cost}
            change = {"$set": {"budget": own, "budget_set_at": self._database.now()}}
        with translated():
            result = await self._database.collection("users").update_one(USER_BY_ID.where(user_id=user_id), change)
        if result.matched_count:
            await self._change({"$inc": {"revision": 1}})
        return bool(result.matched_count)

    async def _change(self, change: Document) -> ControlState:
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                STATE.where(name=SPENDING), change, upsert=True, return_document=ReturnDocument.AFTER
            )
        return _state(document)


def _state(document: Document | None) -> ControlState:
    return ControlState(document.get("enabled", True), document.get("revision", 0)) if document else ControlState()
