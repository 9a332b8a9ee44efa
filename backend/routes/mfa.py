"""The second factor: switched on and off, and asked for at sign-in."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from backend.domain.doc import Doc
from backend.routes.accounts import Password, SignedIn, Transport, hand_over
from backend.routes.cookies import refuse_foreign_page
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited_by_address
from backend.routes.problems import PROBLEMS, PUBLIC_PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

router = APIRouter(prefix="/api/auth", tags=["auth"])
CHANGE_PROBLEMS = PROBLEMS | problem_responses(409, 413, 429)

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=64), CLEAN]
CODE = "Six digits of the authenticator, or a recovery code; spaces, dashes and case do not matter"


class SecondStep(Shape):
    mfa_token: Annotated[str, StringConstraints(min_length=1, max_length=128), CLEAN] = Field(
        repr=False, description="From the problem mfa_required"
    )
    code: Code = Field(repr=False, description=CODE)
    transport: Transport = Field("cookie", description="Where the refresh token goes, as at /api/auth/login")


class FactorWanted(Shape):
    password: Password = Field(repr=False, description="The account's password")


class FactorCode(Shape):
    code: Code = Field(repr=False, description="Six digits of the authenticator that was just set up")


class FactorChange(Shape):
    password: Password = Field(repr=False, description="The account's password")
    code: Code = Field(repr=False, description=CODE)


class FactorStatus(BaseModel):
    enabled: Annotated[bool, Doc("Whether a code is asked for at sign-in")]
    enabled_at: Annotated[datetime | None, Doc("Since when; null: it is not")]
    recovery_codes_left: Annotated[int, Doc("Of ten; each works once")]


class FactorSecret(BaseModel):
    secret: Annotated[str, Doc("For the authenticator, base32; shown this once")]
    otpauth_uri: Annotated[str, Doc("The same as authenticators read it from a QR code")]
    expires_in: Annotated[int, Doc("Seconds in which it is to be confirmed")]


class RecoveryCodes(BaseModel):
    recovery_codes: Annotated[list[str], Doc("Each stands in for the authenticator once; shown this once")]


@router.post(
    "/login/mfa",
    responses=with_rate_headers(PUBLIC_PROBLEMS | problem_responses(401, 403, 413, 429)),
    dependencies=[Depends(limited_by_address("login_mfa"))],
    response_model_exclude_unset=True,
)
async def login_mfa(services: AetherServices, body: SecondStep, request: Request, response: Response) -> SignedIn:
    """The second step of a sign-in: what the first answered with, and a code."""
    if body.transport == "cookie":
        refuse_foreign_page(request)
    tokens = await services.identity.login_mfa(body.mfa_token, body.code, device=request.headers.get("user-agent", ""))
    return hand_over(tokens, body.transport, request, response)


@router.get("/mfa", responses=PROBLEMS)
async def get_mfa(services: AetherServices, user: CurrentUser) -> FactorStatus:
    """Whether the caller has a second factor."""
    factor = await services.second_factor.status(user)
    return FactorStatus(
        enabled=factor is not None,
        enabled_at=factor.enabled_at if factor else None,
        recovery_codes_left=len(factor.recovery_codes) if factor else 0,
    )


@router.post("/mfa/enroll", responses=CHANGE_PROBLEMS)
async def enroll_mfa(services: AetherServices, user: CurrentUser, body: FactorWanted) -> FactorSecret:
    """A secret for an authenticator. Nothing changes at sign-in until a code of it has been confirmed."""
    enrolment = await services.second_factor.enroll(user, body.password)
    return FactorSecret(secret=enrolment.secret, otpauth_uri=enrolment.uri, expires_in=enrolment.expires_in)


@router.post("/mfa/confirm", responses=CHANGE_PROBLEMS)
async def confirm_mfa(services: AetherServices, user: CurrentUser, body: FactorCode) -> RecoveryCodes:
    """Switches the second factor on, and ends every other sign-in of the account."""
    return RecoveryCodes(recovery_codes=await services.second_factor.confirm(user, body.code))


@router.post("/mfa/disable", status_code=204, responses=CHANGE_PROBLEMS)
async def disable_mfa(services: AetherServices, user: CurrentUser, body: FactorChange) -> None:
    """Switches the second factor off, and ends every other sign-in of the account."""
    await services.second_factor.disable(user, body.password, body.code)


@router.post("/mfa/recovery-codes", responses=CHANGE_PROBLEMS)
async def replace_recovery_codes(services: AetherServices, user: CurrentUser, body: FactorChange) -> RecoveryCodes:
    """Ten new recovery codes; the old ones are worth nothing any more."""
    codes = await services.second_factor.replace_recovery_codes(user, body.password, body.code)
    return RecoveryCodes(recovery_codes=codes)
