"""Sign-up, sign-in, refresh and sign-out: the entry points need no access token."""

from contextlib import suppress

from fastapi import APIRouter, Depends, Request, Response

from backend.errors import Unauthenticated
from backend.routes.accounts import (
    Login,
    PasswordChange,
    ProfileUpdate,
    Registered,
    Registration,
    Renewal,
    SignedIn,
    UserShape,
    hand_over,
    locale_of,
    shape_of,
)
from backend.routes.client import client_address
from backend.routes.cookies import RefreshCookie, clear_cookie, refuse_foreign_page
from backend.routes.deps import AetherServices, Credentials, CurrentUser
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited_by_address
from backend.routes.mail_links import MailSent, mail_sent
from backend.routes.problems import PROBLEMS, PUBLIC_PROBLEMS, problem_responses

router = APIRouter(prefix="/api/auth", tags=["auth"])
ENTRY_PROBLEMS = PUBLIC_PROBLEMS | problem_responses(413)

COOKIE_PROBLEMS = ENTRY_PROBLEMS | problem_responses(403)
"""Of what sets the cookie, or acts by it."""


@router.post(
    "/register",
    status_code=201,
    responses=with_rate_headers(
        {202: {"model": MailSent}, **ENTRY_PROBLEMS, **problem_responses(409, 429)}, success=201
    ),
    dependencies=[Depends(limited_by_address("register"))],
    response_model=Registered,
)
async def register(services: AetherServices, request: Request, body: Registration) -> Registered | Response:
    """Makes an account. It is not signed in yet.

    Where addresses have to be verified the answer is 202, the same for every address: the account begins when the
    link in the mail is followed. Elsewhere a known address is a conflict.
    """
    locale = body.locale or locale_of(request.headers.get("accept-language", ""))
    user = await services.accounts.register(body.email, body.password, body.name, locale)
    return Registered(user=shape_of(user)) if user else mail_sent()


@router.post(
    "/login",
    responses=with_rate_headers(COOKIE_PROBLEMS | problem_responses(401, 429)),
    dependencies=[Depends(limited_by_address("login"))],
    response_model_exclude_unset=True,
)
async def login(services: AetherServices, body: Login, request: Request, response: Response) -> SignedIn:
    """An access token for a few minutes, and a refresh token to get the next one.

    An unknown address and a wrong password get the same answer after the same work.
    """
    if body.transport == "cookie":
        refuse_foreign_page(request)
    tokens = await services.identity.login(
        body.email,
        body.password,
        device=request.headers.get("user-agent", ""),
        address=client_address(request),
    )
    return hand_over(tokens, body.transport, request, response)


@router.post(
    "/refresh",
    responses=with_rate_headers(COOKIE_PROBLEMS | problem_responses(401, 429)),
    dependencies=[Depends(limited_by_address("refresh"))],
    response_model_exclude_unset=True,
)
async def refresh(
    services: AetherServices,
    request: Request,
    response: Response,
    cookie: RefreshCookie,
    body: Renewal | None = None,
) -> SignedIn:
    """A new access token for a refresh token, which is replaced.

    Using a refresh token that was replaced before ends the sign-in.
    """
    sent = body.refresh_token if body else None
    token = sent or cookie
    if token is None:
        raise Unauthenticated("There is no refresh token in the cookie or in the body.", code="refresh_token_invalid")
    tokens = await services.identity.refresh(token)
    # A token from the cookie never goes into a body: scripts of the page could read it there.
    return hand_over(tokens, "body" if sent else "cookie", request, response)


@router.post("/logout", status_code=204, responses=COOKIE_PROBLEMS)
async def logout(
    services: AetherServices,
    request: Request,
    response: Response,
    credentials: Credentials,
    cookie: RefreshCookie,
    body: Renewal | None = None,
) -> None:
    """Ends the sign-in of whatever token is sent, on every worker within a second.

    Tokens that are not valid any more change nothing.
    """
    clear_cookie(request, response)
    if credentials:
        with suppress(Unauthenticated):
            await services.identity.logout(services.identity.verify(credentials.credentials))
    token = (body.refresh_token if body else None) or cookie
    if token:
        await services.identity.logout_refresh(token)


@router.get("/me", responses=PROBLEMS)
async def get_me(services: AetherServices, user: CurrentUser) -> UserShape:
    """The account of the caller."""
    return shape_of(await services.accounts.profile(user))


@router.patch("/me", responses=PROBLEMS | problem_responses(413))
async def change_me(services: AetherServices, user: CurrentUser, body: ProfileUpdate) -> UserShape:
    """Changes the fields that are sent.

    A retention period deletes, from now on, each conversation that was not used for so many days.
    """
    return shape_of(await services.accounts.change_profile(user, body.changes()))


@router.post("/change-password", status_code=204, responses=PROBLEMS | problem_responses(413, 429))
async def change_password(services: AetherServices, user: CurrentUser, body: PasswordChange) -> None:
    """Replaces the password, and ends every other sign-in of the account."""
    await services.accounts.change_password(user, body.current_password, body.new_password)
