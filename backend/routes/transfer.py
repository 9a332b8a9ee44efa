"""Export of a conversation, import of many."""

import asyncio
import re
import unicodedata
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from backend.domain.doc import Doc
from backend.domain.updates import RESYNC
from backend.errors import DeadlineExceeded, InvalidInput
from backend.routes.conversation_shapes import ConversationId
from backend.routes.deps import AetherServices, ConversationReader, ConversationWriter
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited
from backend.routes.problems import PROBLEMS, SCHEMAS, problem_responses
from backend.services.transfer import ExportFormat

IMPORT_PATH = "/api/conversations/import"
MAX_IMPORT_BYTES = 16_000_000
READ_S = 60.0
FILE_NAME_CHARACTERS = 60
MEDIA_TYPES: dict[ExportFormat, tuple[str, str]] = {
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "json": ("application/json", "json"),
}

router = APIRouter(prefix="/api/conversations", tags=["conversations"])

Format = Annotated[
    ExportFormat,
    Query(
        alias="format", description="json: every branch, as import takes it; markdown: the branch in use, for people"
    ),
]


class ImportBody(BaseModel):
    """Conversations to be taken in."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[
        Literal["aether", "chatgpt"],
        Doc("aether: as exported here. chatgpt: conversations are the array in its conversations.json"),
    ]
    conversations: list[dict[str, Any]] = Field(max_length=5_000, description="As their format has them")


class FailureShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    title: Annotated[str, Doc("Of the conversation, as far as it could be read")]
    reason: Annotated[str, Doc("Why it could not be taken, for people")]


class ImportedShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    imported: Annotated[int, Doc("Conversations that are new")]
    skipped: Annotated[int, Doc("Conversations that the account has already: nothing was changed")]
    failed: Annotated[list[FailureShape], Doc("Conversations that could not be read")]


IMPORT_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"{SCHEMAS}/{ImportBody.__name__}"}}},
    }
}
"""The body is read by hand, piece by piece: FastAPI would hold the event loop for all of it."""
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as an attachment",
        "content": {
            "application/json": {"schema": {"$ref": f"{SCHEMAS}/{ImportBody.__name__}"}},
            "text/markdown": {"schema": {"type": "string"}},
        },
    }
}


def import_schemas() -> dict[str, Any]:
    """Components of the OpenAPI document that these routes refer to."""
    return {ImportBody.__name__: ImportBody.model_json_schema(ref_template=f"{SCHEMAS}/{{model}}")}


@router.get(
    "/{conversation_id}/export",
    responses=EXPORTED | PROBLEMS | problem_responses(404, 409),
    response_class=StreamingResponse,
)
async def export_conversation(
    services: AetherServices, user: ConversationReader, conversation_id: ConversationId, form: Format = "markdown"
) -> StreamingResponse:
    """A conversation as a file, written while it is read. Temporary ones are not exported."""
    conversation, parts = await services.transfers_out.begin(user.user_id, conversation_id, form)
    media_type, ending = MEDIA_TYPES[form]
    headers = {"Content-Disposition": attachment(conversation.title, ending)}
    return StreamingResponse(parts, media_type=media_type, headers=headers)


@router.post(
    "/import",
    responses=with_rate_headers(PROBLEMS | problem_responses(413, 429, 504)),
    dependencies=[Depends(limited("upload"))],
    openapi_extra=IMPORT_REQUEST,
)
async def import_conversations(services: AetherServices, user: ConversationWriter, request: Request) -> ImportedShape:
    """Takes in conversations that were exported here or from ChatGPT, with their branches; up to 16 MB.

    Each is taken once, however often an import is repeated. They cost nothing and have no receipts.
    """
    with services.transfers_in.slot():
        body = await _body(request)
        imported = await services.transfers_in.run(user.user_id, body)
        services.updates.tell(user.user_id, RESYNC)
        return ImportedShape.model_validate(imported)


async def _body(request: Request) -> bytes:
    """BodyLimitMiddleware bounds it."""
    received = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for part in request.stream():
                received += part
    except TimeoutError as error:
        raise DeadlineExceeded("The body did not arrive in time.") from error
    except ClientDisconnect as error:  # nobody reads this, or the answer is given already: it was too large
        raise InvalidInput("The body broke off.", code="invalid_json") from error
    return bytes(received)


def attachment(title: str, ending: str) -> str:
    """The value of Content-Disposition: the title, in ASCII for old clients and in UTF-8 (RFC 6266)."""
    name = "".join(letter if letter.isalnum() else " " for letter in title).split()
    whole = "-".join(name)[:FILE_NAME_CHARACTERS] or "conversation"
    plain = unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode()
    plain = re.sub(r"-+", "-", plain).strip("-") or "conversation"
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(whole)}.{ending}"
