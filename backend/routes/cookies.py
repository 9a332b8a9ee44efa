"""The cookie in which a browser holds its refresh token: set, read and cleared here alone.

Reading it checks who asks, so no route can act by the cookie for a page of another site.
"""

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import Cookie, Depends, Request, Response

from backend.errors import Forbidden
from backend.services.identity import Tokens
from backend.services.services import Services

NAME, PATH = "aether_refresh", "/api/auth"
HTTPS_NAME, HTTPS_PATH = "__Host-aether_refresh", "/"
"""Browsers take a name with this prefix only over https, from this very host, and for every path."""


def set_cookie(tokens: Tokens, request: Request, response: Response) -> None:
    name, path = _name_and_path(request)
    remaining = tokens.session.expires_at - datetime.now(UTC)
    response.set_cookie(
        name,
        tokens.refresh_token,
        max_age=int(remaining.total_seconds()),
        path=path,
        httponly=True,
        samesite="strict",
        secure=_https(request),
    )


def clear_cookie(request: Request, response: Response) -> None:
    name, path = _name_and_path(request)
    response.delete_cookie(name, path=path, httponly=True, samesite="strict", secure=_https(request))


def refuse_foreign_page(request: Request) -> None:
    """For whatever reads or sets the cookie. Raises Forbidden (foreign_origin)."""
    sent = request.headers
    if _services(request).browser.is_foreign(
        host=sent.get("host", ""), origin=sent.get("origin"), fetch_site=sent.get("sec-fetch-site")
    ):
        raise Forbidden("A page of another site may not do this with your cookie.", code="foreign_origin")


async def refresh_cookie(
    request: Request,
    https_cookie: Annotated[
        str | None, Cookie(alias=HTTPS_NAME, description="The refresh token of a browser, as the sign-in set it")
    ] = None,
    cookie: Annotated[str | None, Cookie(alias=NAME, description="The same without https, while developing")] = None,
) -> str | None:
    """The refresh token that a browser sent. Raises Forbidden (foreign_origin)."""
    token = https_cookie if _https(request) else cookie
    if token is not None:
        refuse_foreign_page(request)
    return token


RefreshCookie = Annotated[str | None, Depends(refresh_cookie)]


def _name_and_path(request: Request) -> tuple[str, str]:
    return (HTTPS_NAME, HTTPS_PATH) if _https(request) else (NAME, PATH)


def _https(request: Request) -> bool:
    return request.url.scheme == "https" or _services(request).browser.https_only


def _services(request: Request) -> Services:
    return cast(Services, request.state.services)
