"""What users prefer: one document each."""

from dataclasses import asdict

from backend.domain.ids import new_id
from backend.domain.instructions import Instructions
from backend.domain.preferences import NO_PREFERENCES, RoutingPreferences, UserPreferences
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.reads import USER

COLLECTION = "preferences"

OF_USER = Query("preferences.of_user", COLLECTION, lambda user_id: {"user_id": user_id}, {"user_id": USER})
QUERIES = (OF_USER,)


class PreferenceRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def of(self, user_id: str) -> UserPreferences:
        """The usual ones where the user has said nothing."""
        document = await self._database.find_one(OF_USER, user_id=user_id)
        if document is None:
            return NO_PREFERENCES
        return UserPreferences(
            Instructions(**document.get("instructions", {})), RoutingPreferences(**document.get("routing", {}))
        )

    async def change(
        self, user_id: str, instructions: Instructions | None = None, routing: RoutingPreferences | None = None
    ) -> UserPreferences:
        """Replaces the parts that are given; durable on return. All that the user prefers then."""
        parts = {"instructions": instructions, "routing": routing}
        said = {name: asdict(part) for name, part in parts.items() if part}
        change = {
            "$set": {**said, "updated_at": self._database.now()},
            "$setOnInsert": {"_id": new_id("pref")},
        }
        with translated():
            await self._database.collection(COLLECTION).update_one(OF_USER.where(user_id=user_id), change, upsert=True)
        return await self.of(user_id)
