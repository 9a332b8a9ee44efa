"""What routes ask for, each alias named once. They are coroutines: a plain function would cost a thread each.

Who may call a route is said by the type of its caller. CurrentUser is a person who has signed in: credentials and the
account itself are for nobody else. The others take an API key too, with the scope that they name.
"""

from collections.abc import Iterable
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from backend.errors import Forbidden, Unauthenticated
from backend.routes.client import client_address
from backend.services.api_keys import is_api_key
from backend.services.identity import Principal
from backend.services.limiter import address_subject
from backend.services.services import Services

bearer = HTTPBearer(
    scheme_name="bearer", bearerFormat="JWT", auto_error=False, description="An access token from /api/auth/login"
)
api_key = HTTPBearer(
    scheme_name="api_key",
    bearerFormat="aek_...",
    auto_error=False,
    description="An API key from /api/auth/api-keys, with the scopes that an operation names",
)


def services_of(request: Request) -> Services:
    """For other dependencies: each one that they name has a price at every request, found already or not."""
    return cast(Services, request.state.services)


async def get_services(request: Request) -> Services:
    return services_of(request)


AetherServices = Annotated[Services, Depends(get_services)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
ApiKeyCredentials = Annotated[HTTPAuthorizationCredentials | None, Depends(api_key)]
"""The same header, which OpenAPI then describes as either of both."""


async def get_principal(request: Request, credentials: Credentials) -> Principal:
    """Who calls, by access token or API key, whatever that permits. Raises Unauthenticated, RateLimited."""
    if credentials is None:
        raise Unauthenticated("Send an access token or an API key: Authorization: Bearer <token>.")
    text, services = credentials.credentials, services_of(request)
    if is_api_key(text):
        principal = await services.api_keys.verify(text, address_subject(client_address(request)))
    else:
        principal = services.identity.verify(text)
    request.state.user_id = principal.user_id  # for the audit log, where a limit refuses the request
    return principal


AnyPrincipal = Annotated[Principal, Depends(get_principal)]
"""For dependencies beside the one that says who may call."""


async def get_current_user(principal: AnyPrincipal) -> Principal:
    """Raises Unauthenticated, and Forbidden for an API key."""
    if principal.key:
        raise Forbidden("This is for people who have signed in, not for API keys.", code="sign_in_required")
    return principal


async def get_caller(
    request: Request, scopes: SecurityScopes, credentials: Credentials, _: ApiKeyCredentials
) -> Principal:
    """Raises Unauthenticated, and Forbidden for an API key without the scopes."""
    principal = await get_principal(request, credentials)
    check_scopes(principal, scopes.scopes)
    return principal


def check_scopes(principal: Principal, scopes: Iterable[str]) -> None:
    """Raises Forbidden. Who has signed in has every scope."""
    if principal.key and (missing := set(scopes) - principal.key.scopes):
        raise Forbidden(f"The API key needs the scope {', '.join(sorted(missing))}.", code="insufficient_scope")


CurrentUser = Annotated[Principal, Depends(get_current_user)]
AnyCaller = Annotated[Principal, Security(get_caller)]
"""An API key needs no scope at all."""
ChatCaller = Annotated[Principal, Security(get_caller, scopes=["chat"])]
ConversationReader = Annotated[Principal, Security(get_caller, scopes=["conversations:read"])]
ConversationWriter = Annotated[Principal, Security(get_caller, scopes=["conversations:write"])]
UsageReader = Annotated[Principal, Security(get_caller, scopes=["usage:read"])]


async def get_admin(
    request: Request, caller: Annotated[Principal, Security(get_caller, scopes=["admin"])]
) -> Principal:
    """An administrator. Raises Unauthenticated or Forbidden."""
    await check_admin(services_of(request), caller)
    return caller


async def check_admin(services: Services, caller: Principal) -> None:
    """Raises Forbidden. An access token lives for minutes; of who sends a key it is asked whether they still are."""
    is_admin = await services.api_keys.is_admin(caller.user_id) if caller.key else caller.role == "admin"
    if not is_admin:
        raise Forbidden("Administrators only.")


Admin = Annotated[Principal, Depends(get_admin)]
