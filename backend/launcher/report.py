"""What a start prints: where it runs, who signs in first, and the state of everything that it depends on."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from backend.config import Settings
from backend.services.embedded.probes import Probe, probe_address, probe_mongo, probe_redis
from backend.wiring.preparation import Prepared

GROQ_URL = "https://api.groq.com"
AWAY = "NO ANSWER"


async def start_report(url: str, settings: Settings, prepared: Prepared, embedded: Sequence[str]) -> str:
    """embedded: names of the servers that run as our own children."""
    lines = await asyncio.gather(
        _mongo(settings, "mongod" in embedded), _redis(settings, "valkey" in embedded), _groq(settings)
    )
    workers = f"  Workers  {settings.workers}"
    sign_in = f"  Sign in  {_sign_in(prepared)}"
    return "\n".join(["", f"Aether runs at {url}", "", *lines, workers, sign_in, "", "Ctrl-C stops it.", ""])


async def _mongo(settings: Settings, embedded: bool) -> str:
    if settings.in_memory:
        return "  MongoDB  NONE: MONGO_URL=memory:// KEEPS NOTHING, all conversations are lost when it stops"
    url = settings.mongo_url.get_secret_value()
    probe = await probe_mongo(url)
    return f"  MongoDB  {_state(probe)}, {_place(url, settings.data_dir / 'mongo' if embedded else None)}"


async def _redis(settings: Settings, embedded: bool) -> str:
    url = settings.redis_url.get_secret_value()
    probe = await probe_redis(url)
    line = f"  Redis    {_state(probe)}, {_place(url, settings.data_dir / 'valkey' if embedded else None)}"
    return (
        line if probe.latency_s is not None else f"{line}; caches and limits are those of one worker until it answers"
    )


async def _groq(settings: Settings) -> str:
    if settings.simulated:
        return (
            "  Groq     SIMULATED: without GROQ_API_KEY every answer comes from the bundled simulator, not from a model"
        )
    url = settings.groq_base_url or GROQ_URL
    parts = urlsplit(url)
    probe = await probe_address(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    return f"  Groq     {_state(probe)}, {_place(url, None)}"


def _state(probe: Probe) -> str:
    if probe.latency_s is None:
        return AWAY
    return f"{probe.version or 'reachable'}, {probe.latency_s * 1000:.1f} ms"


def _place(url: str, data: Path | None) -> str:
    """Host and port, never the credentials of the URL; for an embedded server its data."""
    if data is not None:
        return f"embedded, data in {data}"
    return f"at {urlsplit(url).netloc.rpartition('@')[2]}"


def _sign_in(prepared: Prepared) -> str:
    if prepared.admin_password is None:
        return f"as {prepared.admin_email}"
    return f"as {prepared.admin_email} with the password {prepared.admin_password} (shown only now: note it)"
