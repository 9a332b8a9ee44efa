"""What users prefer: one document each."""

from dataclasses import asdict

from backend.domain.ids import new_id
from backend.domain.instructions import NO_INSTRUCTIONS, Instructions
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.reads import USER

COLLECTION = "preferences"

OF_USER = Query("preferences.of_user", COLLECTION, lambda user_id: {"user_id": user_id}, {"user_id": USER})
QUERIES = (OF_USER,)


class PreferenceRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def instructions(self, user_id: str) -> Instructions:
        """Empty where the user has said nothing."""
        document = await self._database.find_one(OF_USER, user_id=user_id)
        return Instructions(**document["instructions"]) if document else NO_INSTRUCTIONS

    async def set_instructions(self, user_id: str, instructions: Instructions) -> None:
        """Durable on return."""
        change = {
            "$set": {"instructions": asdict(instructions), "updated_at": self._database.now()},
            "$setOnInsert": {"_id": new_id("pref")},
        }
        with translated():
            await self._database.collection(COLLECTION).update_one(OF_USER.where(user_id=user_id), change, upsert=True)
