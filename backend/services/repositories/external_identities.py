"""Which account belongs to whom at the identity provider."""

from pymongo.errors import DuplicateKeyError

from backend.domain.external_identities import ExternalIdentity, ProviderUser
from backend.domain.ids import new_id
from backend.errors import Conflict
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import external_identity_from
from backend.services.scalable_database.reads import USER

COLLECTION = "external_identities"
ISSUER = ("issuer", "https://id.example.invalid")

BY_SUBJECT = Query(
    "external_identities.by_subject",
    COLLECTION,
    lambda issuer, subject: {"issuer": issuer, "subject": subject},
    {"issuer": ISSUER, "subject": ("subject", "none")},
)
OF_USER = Query(
    "external_identities.of_user",
    COLLECTION,
    lambda user_id, issuer: {"user_id": user_id, "issuer": issuer},
    {"user_id": USER, "issuer": ISSUER},
)
QUERIES = (BY_SUBJECT, OF_USER)


class ExternalIdentityRepository:
    """A look-up by issuer and subject has no user in its filter: who the user is, is what it tells."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def by_subject(self, issuer: str, subject: str) -> ExternalIdentity | None:
        document = await self._database.find_one(BY_SUBJECT, issuer=issuer, subject=subject)
        return external_identity_from(document) if document else None

    async def of_user(self, user_id: str, issuer: str) -> ExternalIdentity | None:
        document = await self._database.find_one(OF_USER, user_id=user_id, issuer=issuer)
        return external_identity_from(document) if document else None

    async def link(self, user_id: str, who: ProviderUser) -> None:
        """Raises Conflict (oidc_linked) where either of the two is linked already."""
        now = self._database.now()
        document = {
            "_id": new_id("identity"),
            "user_id": user_id,
            "issuer": who.issuer,
            "subject": who.subject,
            "email": who.email,
            "linked_at": now,
            "last_used": now,
        }
        try:
            with translated():
                await self._database.collection(COLLECTION).insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict("The account or the identity is linked otherwise.", code="oidc_linked") from error

    async def note_use(self, user_id: str, who: ProviderUser) -> None:
        with translated():
            await self._database.collection(COLLECTION).update_one(
                OF_USER.where(user_id=user_id, issuer=who.issuer),
                {"$set": {"email": who.email, "last_used": self._database.now()}},
            )

    async def unlink(self, user_id: str, issuer: str) -> bool:
        """False: it was not linked."""
        with translated():
            result = await self._database.collection(COLLECTION).delete_one(
                OF_USER.where(user_id=user_id, issuer=issuer)
            )
        return result.deleted_count == 1
