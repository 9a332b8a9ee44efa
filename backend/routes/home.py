"""The page at /: what runs here, until the web page is built."""

from fastapi import APIRouter, Response

from backend.routes.deps import AetherServices

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Aether</title></head>
<body>
<h1>Aether is running</h1>
{notice}
<p>The HTTP API is described at <a href="/openapi.json">/openapi.json</a>; sign in with POST /api/auth/login,
chat with POST /api/ai/v4/chat/optimized.</p>
</body>
</html>
"""
SIMULATED = "<p><strong>Answers are simulated.</strong> Set GROQ_API_KEY to get real ones.</p>"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(services: AetherServices) -> Response:
    return Response(PAGE.format(notice=SIMULATED if services.simulated else ""), media_type="text/html")
