"""API keys of the caller: made, listed, changed and revoked by somebody who has signed in, never by a key."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.api_keys import MAX_KEYS, SCOPES, KeyChanges, Scope
from backend.domain.doc import Doc
from backend.domain.rates import UNITS, rate_of
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

MAX_DAYS = 3650

router = APIRouter(prefix="/api/auth/api-keys", tags=["api-keys"], responses=PROBLEMS)
CHANGING = problem_responses(413)
NOT_FOUND = problem_responses(404)


def possible_rate(value: str) -> str:
    events, window_s = rate_of(value)
    if events < 1 or not 1 <= window_s <= UNITS["day"]:
        raise ValueError("expected at least one request, in a window of a second to a day")
    return value


def possible_change(value: str) -> str:
    return value if value == "off" else possible_rate(value)


RateText = Annotated[str, StringConstraints(max_length=30), CLEAN]
KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), CLEAN]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
KeyId = Annotated[str, Path(max_length=100, description="An API key of the caller's")]
MEANINGS = "; ".join(f"`{scope}`: {meaning}" for scope, meaning in SCOPES.items())
LIMIT = 'Chat requests in a window, such as "100/minute", beside the limit of the user'


class NewKey(Shape):
    name: KeyName = Field(description="For people")
    scopes: Scopes = Field(description=MEANINGS)
    expires_in_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(
        None, description="Days that the key is valid for; null: until it is revoked"
    )
    limit: Annotated[RateText, AfterValidator(possible_rate)] | None = Field(
        None, description=f"{LIMIT}; null: none of its own"
    )


class KeyUpdate(Shape):
    """Fields that are left out, or null, stay as they are."""

    name: KeyName | None = Field(None, description="For people")
    scopes: Scopes | None = Field(None, description=MEANINGS)
    limit: Annotated[RateText, AfterValidator(possible_change)] | None = Field(
        None, description=f'{LIMIT}; "off": none of its own'
    )


class KeyShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("For PATCH and DELETE")]
    name: Annotated[str, Doc("For people")]
    prefix: Annotated[str, Doc("How the key begins")]
    scopes: Annotated[list[Scope], Doc("What it may be used for")]
    limit: Annotated[str | None, Doc("Chat requests in a window; null: none of its own")]
    created_at: Annotated[datetime, Doc("When it was made")]
    expires_at: Annotated[datetime | None, Doc("When it ends; null: when it is revoked")]
    last_used: Annotated[datetime | None, Doc("To about a minute; null: never")]


class CreatedKey(KeyShape):
    key: Annotated[str, Doc("The key itself, for Authorization: Bearer <key>. Shown here and never again")]


class KeyList(BaseModel):
    items: Annotated[list[KeyShape], Doc(f"Newest first; {MAX_KEYS} at most")]


@router.post("", status_code=201, responses=CHANGING | problem_responses(409))
async def create_api_key(services: AetherServices, user: CurrentUser, body: NewKey, response: Response) -> CreatedKey:
    """Makes a key for a program. Only its hash is kept: whoever loses it makes another one."""
    lifetime = timedelta(days=body.expires_in_days) if body.expires_in_days else None
    key, text = await services.api_keys.create(user, body.name, body.scopes, lifetime=lifetime, limit=body.limit)
    response.headers["Cache-Control"] = "no-store"
    return CreatedKey(**KeyShape.model_validate(key).model_dump(), key=text)


@router.get("")
async def list_api_keys(services: AetherServices, user: CurrentUser) -> KeyList:
    """The caller's keys, without the keys themselves; expired ones stay for thirty days."""
    return KeyList(items=[KeyShape.model_validate(key) for key in await services.api_keys.of_user(user.user_id)])


@router.patch("/{key_id}", responses=CHANGING | NOT_FOUND)
async def change_api_key(services: AetherServices, user: CurrentUser, key_id: KeyId, body: KeyUpdate) -> KeyShape:
    """Changes name, scopes or limit, on every worker within a second."""
    scopes = tuple(body.scopes) if body.scopes else None
    return KeyShape.model_validate(
        await services.api_keys.change(user, key_id, KeyChanges(body.name, scopes, body.limit))
    )


@router.delete("/{key_id}", status_code=204, responses=NOT_FOUND)
async def revoke_api_key(services: AetherServices, user: CurrentUser, key_id: KeyId) -> None:
    """Ends the key, on every worker within a second."""
    await services.api_keys.revoke(user.user_id, key_id)
