"""What routes ask for, each alias named once. They are coroutines: a plain function would cost a thread each."""

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.errors import Forbidden, Unauthenticated
from backend.services.identity import Principal
from backend.services.services import Services

bearer = HTTPBearer(
    scheme_name="bearer", bearerFormat="JWT", auto_error=False, description="An access token from /api/auth/login"
)


async def get_services(request: Request) -> Services:
    return cast(Services, request.state.services)


AetherServices = Annotated[Services, Depends(get_services)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def get_current_user(request: Request, services: AetherServices, credentials: Credentials) -> Principal:
    """The signed-in caller. Raises Unauthenticated."""
    if credentials is None:
        raise Unauthenticated("Send an access token: Authorization: Bearer <token>.")
    principal = services.identity.verify(credentials.credentials)
    request.state.user_id = principal.user_id  # for the audit log, where a limit refuses the request
    return principal


CurrentUser = Annotated[Principal, Depends(get_current_user)]


async def get_admin(user: CurrentUser) -> Principal:
    """The signed-in administrator. Raises Unauthenticated or Forbidden."""
    if user.role != "admin":
        raise Forbidden("Administrators only.")
    return user


Admin = Annotated[Principal, Depends(get_admin)]
