"""The shapes of /api/auth."""

from datetime import datetime
from typing import Annotated, Literal, cast, get_args

from email_validator import EmailNotValidError, validate_email
from fastapi import Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from backend.domain.doc import Doc
from backend.domain.users import DEFAULT_LOCALE, Locale, ProfileChanges, User, UserRole
from backend.routes.cookies import set_cookie
from backend.routes.text import CLEAN, Shape
from backend.services.identity import Tokens

NULLABLE = frozenset({"retention_days"})

Transport = Literal["cookie", "body"]


def check_email(address: str) -> str:
    """Domains of home and company networks are allowed: nothing is sent to find out whether they exist."""
    try:
        validated = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        # Without the library's own words, which repeat parts of the address.
        raise PydanticCustomError("email_address", "This is not an email address") from None
    return validated.normalized


EmailText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254), CLEAN]
EmailAddress = Annotated[
    EmailText, AfterValidator(check_email), WithJsonSchema({"type": "string", "format": "email", "maxLength": 254})
]
RULES = "8 to 1024 characters of any kind, 15 advised; no common password, not the user's address or name"
NewPassword = Annotated[str, StringConstraints(max_length=1024), CLEAN]
"""Too short is for the password rules to say, with their hint."""
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024), CLEAN]
RefreshToken = Annotated[str, StringConstraints(min_length=1, max_length=256), CLEAN]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), CLEAN]


class Registration(Shape):
    email: EmailAddress = Field(description="Case does not matter")
    password: NewPassword = Field(repr=False, description=RULES)
    name: Name | None = Field(None, description="For people; where it is left out, made from the address")
    locale: Locale | None = Field(None, description="Language of mails; where it is left out, as Accept-Language says")


class Login(Shape):
    email: EmailText = Field(description="Case does not matter")
    password: Password = Field(repr=False, description="The account's password")
    transport: Transport = Field(
        "cookie", description="Where the refresh token goes: an HttpOnly cookie (browsers) or the body (programs)"
    )


class Renewal(Shape):
    refresh_token: RefreshToken | None = Field(
        None,
        repr=False,
        description="For programs; browsers send the cookie. Its replacement goes the same way",
    )


class ProfileUpdate(Shape):
    """Fields that are left out stay as they are; null lifts the retention period and changes nothing else."""

    name: Name | None = Field(None, description="For people")
    locale: Locale | None = Field(None, description="Language of mails")
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        None, description="Conversations unused for so many days are deleted, null for never"
    )

    def changes(self) -> ProfileChanges:
        sent = self.model_dump(include=self.model_fields_set)
        return cast(
            ProfileChanges, {name: value for name, value in sent.items() if value is not None or name in NULLABLE}
        )


class PasswordChange(Shape):
    current_password: Password = Field(repr=False, description="The account's password until now")
    new_password: NewPassword = Field(repr=False, description=RULES)


class UserShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("Stable")]
    email: Annotated[str, Doc("In lower case")]
    name: Annotated[str, Doc("For people")]
    role: Annotated[UserRole, Doc("admin sees the figures of the whole server")]
    plan: Annotated[str, Doc("free for everybody so far")]
    locale: Annotated[Locale, Doc("Language of mails")]
    retention_days: Annotated[int | None, Doc("Conversations unused for so many days are deleted, null for never")]
    verified_at: Annotated[datetime | None, Doc("When it was shown that mail to the address arrives, null for never")]
    created_at: Annotated[datetime, Doc("When it signed up")]


class Registered(BaseModel):
    user: UserShape


class SignedIn(BaseModel):
    access_token: Annotated[str, Doc("For the header Authorization: Bearer <access_token>")]
    token_type: Annotated[Literal["bearer"], Doc("How it is sent")] = "bearer"  # noqa: S105
    expires_in: Annotated[int, Doc("The access token is valid for so long, seconds")]
    user: UserShape
    refresh_token: Annotated[str | None, Doc("For /api/auth/refresh, once; only with the transport body")] = None


def locale_of(accept_language: str) -> Locale:
    """The first of our languages that the browser names; quality values are in that order in practice."""
    for part in accept_language.lower().split(","):
        language = part.strip()[:2]
        if language in get_args(Locale):
            return cast(Locale, language)
    return DEFAULT_LOCALE


def shape_of(user: User) -> UserShape:
    return UserShape.model_validate(user)


def hand_over(tokens: Tokens, transport: Transport, request: Request, response: Response) -> SignedIn:
    """The answer to a sign-in; the cookie is set on the response where that is the transport."""
    answer = SignedIn(
        access_token=tokens.access_token,
        token_type="bearer",  # noqa: S106 (set, because the routes leave out what is not)
        expires_in=tokens.expires_in,
        user=shape_of(tokens.user),
    )
    if transport == "body":
        return answer.model_copy(update={"refresh_token": tokens.refresh_token})
    set_cookie(tokens, request, response)
    return answer
