"""Who somebody is at an identity provider."""

import asyncio
from dataclasses import replace

import pytest

from backend.domain.external_identities import ProviderUser
from backend.errors import Conflict
from backend.services.repositories.external_identities import ExternalIdentityRepository
from backend.services.scalable_database import ScalableDatabase

ISSUER = "https://id.example.com"
ADA = ProviderUser(ISSUER, "subject of ada", "ada@example.com", True, "Ada", "en", None, None)


async def test_a_person_is_found_by_issuer_and_subject_and_nothing_else(database: ScalableDatabase) -> None:
    identities = ExternalIdentityRepository(database)
    await identities.link("user_ada", ADA)
    found = await identities.by_subject(ISSUER, ADA.subject)
    assert found is not None
    assert (found.user_id, found.email, found.linked_at) == ("user_ada", ADA.email, found.last_used)
    assert await identities.of_user("user_ada", ISSUER) == found
    assert await identities.by_subject("https://other.example.com", ADA.subject) is None
    assert await identities.by_subject(ISSUER, "subject of eve") is None
    assert await identities.of_user("user_eve", ISSUER) is None
    await identities.note_use("user_ada", replace(ADA, email="countess@example.com"))
    used = await identities.of_user("user_ada", ISSUER)
    assert used is not None
    assert (used.email, used.subject) == ("countess@example.com", ADA.subject)


async def test_one_person_has_one_account_and_one_account_one_person(database: ScalableDatabase) -> None:
    identities = ExternalIdentityRepository(database)
    links = (identities.link(user_id, ADA) for user_id in ("user_ada", "user_eve", "user_bob"))
    outcomes = await asyncio.gather(*links, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 2
    owner = await identities.by_subject(ISSUER, ADA.subject)
    assert owner is not None
    with pytest.raises(Conflict):
        await identities.link(owner.user_id, replace(ADA, subject="subject of eve"))
    await identities.link(owner.user_id, replace(ADA, issuer="https://other.example.com"))


async def test_only_ones_own_identity_is_unlinked(database: ScalableDatabase) -> None:
    identities = ExternalIdentityRepository(database)
    await identities.link("user_ada", ADA)
    assert not await identities.unlink("user_eve", ISSUER)
    assert await identities.unlink("user_ada", ISSUER)
    assert not await identities.unlink("user_ada", ISSUER)
    assert await identities.by_subject(ISSUER, ADA.subject) is None
