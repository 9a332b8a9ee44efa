"""Sign-in through an identity provider: where browsers are sent, where they come back, and what is linked to what."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.doc import Doc
from backend.errors import AetherError, NotFound
from backend.routes.accounts import Password
from backend.routes.cookies import set_cookie
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited_by_address
from backend.routes.problems import PROBLEMS, PUBLIC_PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape
from backend.services.oidc import Begun, Callback, OidcSignIn

router = APIRouter(prefix="/api/auth/oidc", tags=["auth"])
REDIRECTS = with_rate_headers(
    {302: {"description": "To the identity provider, or back to the page"}, **PUBLIC_PROBLEMS}
    | problem_responses(404, 429),
    success=302,
)
BEGINS = PROBLEMS | problem_responses(404, 413, 422, 429)
FAILED, CONFIRMED = "sign-in-failed", "confirmed"
"""Places in the page, in the fragment: browsers send it to no server."""
LOCAL_PATH = r"^/([^/\\\x00-\x20\x7f][^\\\x00-\x20\x7f]*)?$"
"""No other host (//host, /\\host), and nothing that browsers drop while they read a URL."""

ReturnTo = Annotated[str, StringConstraints(max_length=500, pattern=LOCAL_PATH), CLEAN]
RETURN_TO = "Where the page goes on afterwards: a path of this server"


class ProviderShape(BaseModel):
    enabled: Annotated[bool, Doc("Whether people may sign in through an identity provider")]
    name: Annotated[str | None, Doc("Of the provider, for the button")]


class IdentityShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    email: Annotated[str, Doc("At the provider, at the last sign-in; may be empty")]
    linked_at: Annotated[datetime, Doc("When it was linked to the account")]
    last_used: Annotated[datetime, Doc("When it was last used to sign in")]


class LinkedShape(BaseModel):
    identity: Annotated[IdentityShape | None, Doc("Who the user is at the provider, null where nothing is linked")]
    has_password: Annotated[bool, Doc("Whether the account has a password too; forgot-password sets one")]


class Linking(Shape):
    password: Password = Field(repr=False, description="The account's password")
    return_to: ReturnTo = Field("/", description=RETURN_TO)


class Unlinking(Shape):
    password: Password = Field(repr=False, description="The account's password, which is then the way in")


class Confirmation(Shape):
    return_to: ReturnTo = Field("/", description=RETURN_TO)


class Onward(BaseModel):
    url: Annotated[str, Doc("Where the browser goes now, as a whole page")]


def get_oidc(services: AetherServices) -> OidcSignIn:
    if services.oidc is None:
        raise NotFound("This server has no identity provider.", code="oidc_off")
    return services.oidc


Oidc = Annotated[OidcSignIn, Depends(get_oidc)]


@router.get("", responses=PUBLIC_PROBLEMS)
async def get_provider(services: AetherServices) -> ProviderShape:
    """Whether there is an identity provider to sign in with, and what it is called."""
    return ProviderShape(enabled=services.oidc is not None, name=services.oidc.name if services.oidc else None)


@router.get(
    "/start",
    status_code=302,
    responses=REDIRECTS,
    response_class=RedirectResponse,
    dependencies=[Depends(limited_by_address("oidc"))],
)
async def start_sign_in(
    oidc: Oidc, return_to: Annotated[ReturnTo, Query(description=RETURN_TO)] = "/"
) -> RedirectResponse:
    """Sends the browser to the identity provider. For a link or a button, not for fetch().

    What goes wrong leads to the page's place `/#/sign-in-failed/{code}`.
    """
    try:
        begun = await oidc.begin("sign_in", return_to)
    except AetherError as error:
        return back(oidc, f"/#/{FAILED}/{error.code}")
    answer = RedirectResponse(begun.url, 302)
    remember(oidc, begun, answer)
    return answer


@router.get(
    "/callback",
    status_code=302,
    responses=REDIRECTS,
    response_class=RedirectResponse,
    dependencies=[Depends(limited_by_address("oidc"))],
)
async def finish_sign_in(
    oidc: Oidc,
    request: Request,
    state: Annotated[str, Query(max_length=200, description="As it was sent along"), CLEAN] = "",
    code: Annotated[str, Query(max_length=4096, description="What the tokens are had for"), CLEAN] = "",
    error: Annotated[str, Query(max_length=100, description="Why there is no code"), CLEAN] = "",
    iss: Annotated[str | None, Query(max_length=500, description="The issuer, as it names itself"), CLEAN] = None,
) -> RedirectResponse:
    """Where the identity provider sends the browser back to, which then has the refresh token as a cookie.

    What goes wrong leads to the page's place `/#/sign-in-failed/{code}`.
    """
    sealed = request.cookies.get(cookie_name(oidc), "")
    try:
        finished = await oidc.finish(sealed, Callback(state, code, error, iss), request.headers.get("user-agent", ""))
    except AetherError as problem:
        answer = back(oidc, f"/#/{FAILED}/{problem.code}")
    else:
        token = finished.confirmation
        answer = back(oidc, f"/#/{CONFIRMED}/{token}" if token else finished.return_to)
        if finished.tokens:
            set_cookie(finished.tokens, request, answer)
    forget(oidc, answer)
    return answer


@router.get("/identity", responses=PROBLEMS | problem_responses(404))
async def get_identity(services: AetherServices, user: CurrentUser, oidc: Oidc) -> LinkedShape:
    """What of the account is known to the identity provider."""
    profile = await services.accounts.profile(user)
    found = await oidc.identity_of(user)
    identity = IdentityShape.model_validate(found) if found else None
    return LinkedShape(identity=identity, has_password=profile.password_hash is not None)


@router.post("/link", responses=BEGINS)
async def link_identity(user: CurrentUser, oidc: Oidc, body: Linking, response: Response) -> Onward:
    """Begins to link the account with whoever signs in at the identity provider next, in this browser."""
    begun = await oidc.begin_link(user, body.password, body.return_to)
    remember(oidc, begun, response)
    return Onward(url=begun.url)


@router.post("/unlink", status_code=204, responses=BEGINS | problem_responses(409))
async def unlink_identity(user: CurrentUser, oidc: Oidc, body: Unlinking) -> None:
    """From now on the account is entered with its password only."""
    await oidc.unlink(user, body.password)


@router.post("/confirm", responses=BEGINS)
async def confirm_identity(user: CurrentUser, oidc: Oidc, body: Confirmation, response: Response) -> Onward:
    """Has the identity provider ask for the password again, for what an account without a password of its own does.

    It leads to the page's place `/#/confirmed/{confirmation}`; the confirmation is good for ten minutes, once.
    """
    begun = await oidc.begin("confirm", body.return_to, user)
    remember(oidc, begun, response)
    return Onward(url=begun.url)


def back(oidc: OidcSignIn, place: str) -> RedirectResponse:
    """To the page, by its whole address: whatever the place is, it cannot name another host."""
    return RedirectResponse(oidc.public_url + place, 302)


def cookie_name(oidc: OidcSignIn) -> str:
    """With TLS one that no other host of the domain can set."""
    return "__Host-aether_oidc" if is_secure(oidc) else "aether_oidc"


def is_secure(oidc: OidcSignIn) -> bool:
    return oidc.public_url.startswith("https:")


def remember(oidc: OidcSignIn, begun: Begun, response: Response) -> None:
    """Lax: the browser comes back from another site."""
    response.set_cookie(
        cookie_name(oidc),
        begun.sealed,
        max_age=begun.lifetime_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(oidc),
    )


def forget(oidc: OidcSignIn, response: Response) -> None:
    response.delete_cookie(cookie_name(oidc), path="/", httponly=True, samesite="lax", secure=is_secure(oidc))
