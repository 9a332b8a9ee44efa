"""What happens once per start, before there are workers."""

import secrets
from dataclasses import dataclass, field

from backend.config import Settings
from backend.domain.models import with_models
from backend.services.identity.passwords import Passwords
from backend.services.llm.registry import check_transport
from backend.services.migrations import MIGRATIONS, Migrations
from backend.services.repositories.users import AdminUserRepository
from backend.services.scalable_database import ScalableDatabase
from backend.wiring.connections import open_database

GENERATED_PASSWORD_BYTES = 15
DEFAULT_ADMIN_EMAIL = "admin@aether.local"


@dataclass(frozen=True, slots=True)
class Prepared:
    """admin_password: generated at this start and shown once, None where the administrator exists or is configured."""

    admin_email: str
    admin_password: str | None = field(repr=False)


async def prepare(settings: Settings) -> Prepared:
    """Brings the database up to date and makes sure that there is an administrator. Once per start, before workers.

    MONGO_URL=memory:// lives in its worker alone: there only the password is made here.
    """
    email, password, generated = administrator_of(settings)
    with_models(settings.model_small, settings.model_large)  # raises here, where the launcher shows it to people
    check_transport(settings.groq_transport)
    if settings.in_memory:
        return Prepared(email, password if generated else None)
    database = open_database(settings)
    await database.start(create_indexes=False)
    try:
        created = await prepare_database(database, email, password)
    finally:
        await database.close()
    return Prepared(email, password if created and generated else None)


def administrator_of(settings: Settings) -> tuple[str, str, bool]:
    """(address, password, whether the password was generated)."""
    configured = settings.admin_password.get_secret_value()
    email = settings.admin_email or DEFAULT_ADMIN_EMAIL
    return email, configured or secrets.token_urlsafe(GENERATED_PASSWORD_BYTES), not configured


async def prepare_database(database: ScalableDatabase, email: str, password: str) -> bool:
    await Migrations(database, MIGRATIONS).apply()
    administrators = AdminUserRepository(database)
    if await administrators.has_admin():
        return False
    passwords = Passwords()
    try:
        return await administrators.ensure_admin(email, await passwords.hash(password))
    finally:
        await passwords.close()
