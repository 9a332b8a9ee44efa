"""What users keep for themselves: instructions and prompts, a bounded number, nobody else's."""

import asyncio

import pytest

from backend.domain.instructions import Instructions
from backend.domain.preferences import NO_PREFERENCES, RoutingPreferences, UserPreferences
from backend.errors import Conflict
from backend.services.repositories.preferences import PreferenceRepository
from backend.services.repositories.prompts import PromptRepository
from backend.services.scalable_database import ScalableDatabase


async def test_preferences_are_kept_for_each_user_part_by_part(database: ScalableDatabase) -> None:
    preferences, routing = PreferenceRepository(database), RoutingPreferences(0.5, compare=False)
    assert await preferences.of("user_ada") == NO_PREFERENCES
    assert await preferences.change("user_ada", routing=routing) == UserPreferences(routing=routing)
    for instructions in (Instructions("a nurse", "brief"), Instructions("a nurse", "long", enabled=False)):
        await preferences.change("user_ada", instructions)
        assert await preferences.of("user_ada") == UserPreferences(instructions, routing)
    assert await preferences.of("user_eve") == NO_PREFERENCES


async def test_prompts_are_made_changed_and_deleted_by_their_owner(database: ScalableDatabase) -> None:
    prompts = PromptRepository(database)
    first = await prompts.create("user_ada", "Explain", "Explain {{topic}}")
    second = await prompts.create("user_ada", "Translate", "Translate")
    changed = await prompts.replace("user_ada", first.id, "Explain well", "Explain {{topic}} well")
    assert changed is not None
    assert changed == await prompts.get("user_ada", first.id)
    assert changed.title == "Explain well"
    page, cursor = await prompts.page("user_ada", 1)
    rest, end = await prompts.page("user_ada", 1, cursor)
    assert ({page[0].id, rest[0].id}, end) == ({first.id, second.id}, None)
    assert await prompts.get("user_eve", first.id) is None
    assert await prompts.replace("user_eve", first.id, "x", "x") is None
    assert not await prompts.remove("user_eve", first.id)
    assert await prompts.page("user_eve", 10) == ([], None)
    assert await prompts.remove("user_ada", first.id)
    assert not await prompts.remove("user_ada", first.id)


async def test_a_user_keeps_no_more_prompts_than_the_bound_however_many_come_at_once(
    database: ScalableDatabase,
) -> None:
    prompts = PromptRepository(database, most=3)
    made = await asyncio.gather(
        *(prompts.create("user_ada", str(number), "text") for number in range(8)), return_exceptions=True
    )
    assert {type(result) for result in made if isinstance(result, BaseException)} == {Conflict}
    while len((await prompts.page("user_ada", 10))[0]) < 3:
        await prompts.create("user_ada", "one more", "text")
    with pytest.raises(Conflict) as refused:
        await prompts.create("user_ada", "too many", "text")
    assert refused.value.code == "too_many_prompts"
    assert len((await prompts.page("user_ada", 10))[0]) == 3
    await prompts.create("user_eve", "her own", "text")
