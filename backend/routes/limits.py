"""Limits as route dependencies."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import SecurityScopes

from backend.routes.client import client_address
from backend.routes.deps import AnyPrincipal, ApiKeyCredentials, Credentials, get_caller, services_of
from backend.services.identity import Principal
from backend.services.limiter import CHAT, address_subject

Take = Callable[..., Coroutine[Any, Any, None]]


async def get_questioner(
    request: Request, scopes: SecurityScopes, credentials: Credentials, key: ApiKeyCredentials
) -> Principal:
    """Whose question it is. It counts with the look-up of its answer (services/enhanced_ai_service/admission.py)."""
    user = await get_caller(request, scopes, credentials, key)
    limiter = services_of(request).limiter
    request.state.rate = partial(limiter.rate, CHAT, user.user_id, user.key)
    if "idempotency-key" in request.headers:  # a replay counts nothing, and this worker may not know the user
        await limiter.look(CHAT, user.user_id, user.key)
    return user


Questioner = Annotated[Principal, Security(get_questioner, scopes=["chat"])]


def limited(name: str) -> Take:
    """For Depends(): counts each request of a user against the limit of that name before anything else is done."""

    async def take(request: Request, user: AnyPrincipal) -> None:
        limiter = services_of(request).limiter
        request.state.rate = partial(limiter.rate, name, user.user_id)
        await limiter.take(name, user.user_id)

    return take


def limited_by_address(name: str) -> Take:
    """The same for routes without a sign-in, for each network address."""

    async def take(request: Request) -> None:
        limiter, subject = services_of(request).limiter, address_subject(client_address(request))
        request.state.rate = partial(limiter.rate, name, subject)
        await limiter.take(name, subject)

    return take
