"""Limits as route dependencies."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import Depends, Request

from backend.routes.client import client_address
from backend.routes.deps import AetherServices, AnyPrincipal, ChatCaller
from backend.services.limiter import CHAT, address_subject

Take = Callable[..., Coroutine[Any, Any, None]]


async def chat_rate(request: Request, services: AetherServices, user: ChatCaller) -> None:
    """For chat routes, which count with the look-up of the answer (services/enhanced_ai_service/admission.py)."""
    request.state.rate = partial(services.limiter.rate, CHAT, user.user_id, user.key)
    if "idempotency-key" in request.headers:  # a replay counts nothing, and this worker may not know the user
        await services.limiter.look(CHAT, user.user_id, user.key)


CHAT_RATE = Depends(chat_rate)


def limited(name: str) -> Take:
    """For Depends(): counts each request of a user against the limit of that name before anything else is done."""

    async def take(request: Request, services: AetherServices, user: AnyPrincipal) -> None:
        request.state.rate = partial(services.limiter.rate, name, user.user_id)
        await services.limiter.take(name, user.user_id)

    return take


def limited_by_address(name: str) -> Take:
    """The same for routes without a sign-in, for each network address."""

    async def take(request: Request, services: AetherServices) -> None:
        subject = address_subject(client_address(request))
        request.state.rate = partial(services.limiter.rate, name, subject)
        await services.limiter.take(name, subject)

    return take
