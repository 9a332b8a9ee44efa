"""Housekeeping at a time of the test's choice."""

from datetime import UTC, datetime, timedelta

from backend.services.accounts import Housekeeping
from backend.services.repositories.conversations import AdminConversationRepository, ConversationRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.personal_data import PersonalDataRepository
from tests.support.application import Served


def housekeeping(served: Served, later: timedelta) -> Housekeeping:
    """That of a worker whose clock is ahead."""
    services = served.services
    assert services is not None
    return Housekeeping(
        services.users,
        PersonalDataRepository(services.database),
        ConversationRepository(services.database),
        AdminConversationRepository(services.database),
        services.cache,
        LeaseRepository(services.database),
        owner="the test",
        now=lambda: datetime.now(UTC) + later,
    )


async def sweep(served: Served, later: timedelta = timedelta()) -> None:
    assert served.services is not None
    await served.services.database.collection("leases").delete_many({"_id": "housekeeping"})
    await housekeeping(served, later).sweep()
