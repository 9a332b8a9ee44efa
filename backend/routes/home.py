"""The web page: its entry at / and /admin, and the files that it consists of, as the build has made them.

Every file is known from the start, so a path can name nothing else. Files under /assets carry the hash of their
content in their names and never change; the others are asked for again each time, and mostly answered with 304.
"""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from backend.errors import NotFound
from backend.routes.deps import AetherServices

BUILT = Path(__file__).resolve().parents[2] / "frontend" / "dist"
ENTRY = "index.html"
ENTRY_PATHS = ("/", "/admin")
READ = ["GET", "HEAD"]
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content coding -> suffix of the file that the build has compressed, best first."""
IMMUTABLE, REVALIDATED = "public, max-age=31536000, immutable", "no-cache"
TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
FRAMED = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
}
OWN_HEADERS = {"diagram.html": FRAMED}
"""Of files that the page shows in a frame. Diagrams are drawn in one: that sets styles inline, which the page may not,
and may in turn ask for nothing and be framed by nobody else."""
NEWER = "There is no such file: the page was built anew. Load it again."
NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Aether</title></head>
<body>
<h1>Aether is running</h1>
{notice}
<p>The web page is not built: <code>./scripts/start</code> builds it, and says so where it cannot.
The HTTP API works without it and is described at <a href="/openapi.json">/openapi.json</a>.</p>
</body>
</html>
"""
SIMULATED = "<p><strong>Answers are simulated.</strong> Set GROQ_API_KEY to get real ones.</p>"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page. forms: content coding ("" for none) -> the file that holds it."""

    media_type: str
    tag: str
    forms: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path) -> "PageFile":
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        forms = {coding: path.with_name(path.name + suffix) for coding, suffix in ENCODINGS.items()}
        existing = {coding: form for coding, form in forms.items() if form.is_file()}
        return cls(kind, hashlib.sha256(path.read_bytes()).hexdigest()[:32], {**existing, "": path})

    async def answer(self, request: Request, cache_control: str, own: Mapping[str, str]) -> Response:
        """own: headers beside the usual ones."""
        coding = _accepted(request.headers.get("accept-encoding", ""), self.forms)
        headers = {
            "cache-control": cache_control,
            "etag": f'"{self.tag}-{coding}"' if coding else f'"{self.tag}"',
            "vary": "Accept-Encoding",
            **own,
        }
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if coding:
            headers["content-encoding"] = coding
        try:
            content = await to_thread.run_sync(self.forms[coding].read_bytes)
        except FileNotFoundError as error:
            raise NotFound(NEWER) from error
        return Response(content, media_type=self.media_type, headers=headers)


def page_router(folder: Path = BUILT) -> APIRouter:
    """Routes to what the build has put into the folder; where there is nothing, a page that says how to build it."""
    router = APIRouter(include_in_schema=False)
    files = {path.relative_to(folder).as_posix(): PageFile.at(path) for path in _originals(folder)}
    entry = files.get(ENTRY)

    async def asset(name: str, request: Request) -> Response:
        found = files.get(f"assets/{name}")
        if found is None:
            raise NotFound(NEWER)
        return await found.answer(request, IMMUTABLE, {})

    async def other(file: PageFile, own: Mapping[str, str], request: Request) -> Response:
        return await file.answer(request, REVALIDATED, own)

    for path in ENTRY_PATHS:
        router.add_api_route(path, partial(other, entry, {}) if entry else say_how, methods=READ, name=f"page {path}")
    router.add_api_route("/assets/{name}", asset, methods=READ, name="page asset")
    for name, file in files.items():
        if "/" not in name and name != ENTRY:
            router.add_route(
                f"/{name}", partial(other, file, OWN_HEADERS.get(name, {})), methods=READ, name=f"page {name}"
            )
    return router


async def say_how(services: AetherServices) -> Response:
    page = NOT_BUILT.format(notice=SIMULATED if services.simulated else "")
    return Response(page, media_type="text/html", headers={"Cache-Control": REVALIDATED})


def _originals(folder: Path) -> Iterator[Path]:
    """The files of the page without their compressed forms and what the build keeps for itself."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.suffix not in ENCODINGS.values():
            yield path


def _accepted(header: str, forms: dict[str, Path]) -> str:
    """The best coding that the client accepts. q=0 refuses one; other weights are all the same to us."""
    wanted = set()
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            wanted.add(coding.strip())
    return next((coding for coding in forms if coding in wanted or "*" in wanted), "")
