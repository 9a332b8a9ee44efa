"""Services for the shell: scripts/admin works beside the workers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from backend.config import Settings
from backend.services.accounts import Links, MailDispatch, SecondFactorSettings
from backend.services.audit_log import AuditLog
from backend.services.bus import Bus
from backend.services.identity import Identity
from backend.services.limiter import Limiter
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.users import AdminUserRepository, UserRepository
from backend.wiring.connections import open_database, open_redis
from backend.wiring.parts import audit_log_of, identity_of, letters_of


@dataclass(frozen=True, slots=True)
class Administration:
    """What the shell may do that no route does."""

    identity: Identity
    users: UserRepository
    administrators: AdminUserRepository
    audit: AuditLog
    second_factor: SecondFactorSettings


@asynccontextmanager
async def administer(settings: Settings) -> AsyncIterator[Administration]:
    """Beside the workers: their sessions end through the same bus."""
    async with AsyncExitStack() as stack:
        redis = open_redis(settings)
        stack.push_async_callback(redis.close)
        database = open_database(settings)
        await database.start(create_indexes=False)
        stack.push_async_callback(database.close)
        bus = Bus(redis)
        limiter = Limiter(redis, chat=None, auth=None, concurrency=None)
        users = UserRepository(database)
        audit = audit_log_of(settings, database)
        identity = identity_of(settings, users, database, limiter, bus, audit)
        await identity.start()
        stack.push_async_callback(identity.close)
        # Never started here: a mail that is asked for waits in the database, and a worker sends it.
        mail = MailDispatch(
            MailRequestRepository(database), users, Links(OneTimeTokenRepository(database)), letters_of(settings), audit
        )
        yield Administration(
            identity, users, AdminUserRepository(database), audit, SecondFactorSettings(identity, users, mail)
        )
