"""Asking for mails with links, and following those links. No answer tells whether an address has an account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from backend.domain.doc import Doc
from backend.routes.accounts import RULES, EmailAddress, NewPassword
from backend.routes.deps import AetherServices
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited_by_address
from backend.routes.problems import PUBLIC_PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

router = APIRouter(prefix="/api/auth", tags=["auth"])
LINK_PROBLEMS = PUBLIC_PROBLEMS | problem_responses(413, 429)

LinkToken = Annotated[str, StringConstraints(min_length=1, max_length=128), CLEAN]


class MailSent(BaseModel):
    """The same for every address."""

    message: Annotated[str, Doc("What happens now, for people")]


class MailWanted(Shape):
    email: EmailAddress = Field(description="Case does not matter")


class Verification(Shape):
    token: LinkToken = Field(repr=False, description="From the link in the mail")


class Reset(Shape):
    token: LinkToken = Field(repr=False, description="From the link in the mail")
    new_password: NewPassword = Field(repr=False, description=RULES)


def mail_sent() -> Response:
    text = "If mail to this address is wanted, it is on its way: follow the link in it."
    return JSONResponse(MailSent(message=text).model_dump(), status_code=202)


@router.post(
    "/resend-verification",
    status_code=202,
    responses=with_rate_headers(LINK_PROBLEMS, success=202),
    dependencies=[Depends(limited_by_address("mail"))],
    response_model=MailSent,
)
async def resend_verification(services: AetherServices, body: MailWanted) -> Response:
    """Another mail with a link that verifies the address, where it is not verified yet."""
    await services.accounts.ask_for_verification(body.email)
    return mail_sent()


@router.post(
    "/forgot-password",
    status_code=202,
    responses=with_rate_headers(LINK_PROBLEMS, success=202),
    dependencies=[Depends(limited_by_address("mail"))],
    response_model=MailSent,
)
async def forgot_password(services: AetherServices, body: MailWanted) -> Response:
    """A mail with a link to choose a new password, valid for an hour."""
    await services.accounts.ask_for_reset(body.email)
    return mail_sent()


@router.post(
    "/verify-email",
    status_code=204,
    responses=with_rate_headers(LINK_PROBLEMS, success=204),
    dependencies=[Depends(limited_by_address("link"))],
)
async def verify_email(services: AetherServices, body: Verification) -> None:
    """Follows the link of a verification mail, once. Then the account can sign in."""
    await services.accounts.verify_email(body.token)


@router.post(
    "/reset-password",
    status_code=204,
    responses=with_rate_headers(LINK_PROBLEMS, success=204),
    dependencies=[Depends(limited_by_address("link"))],
)
async def reset_password(services: AetherServices, body: Reset) -> None:
    """Follows the link of a reset mail, once, and ends every sign-in of the account.

    A password that is refused does not use the link up.
    """
    await services.accounts.reset_password(body.token, body.new_password)
