"""Data folders with a history, which are kept and used again where they hold what is asked for."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from backend.config import Settings
from backend.services.embedded.mongod import start_mongod
from benchmark.history.documents import History
from benchmark.history.loading import Report, load, prepare
from benchmark.history.outline import Extent

ROOT = Path(__file__).resolve().parents[2] / ".bench" / "history"
MANIFEST = "history.json"
SHAPE = 1
"""Raised where the generated documents change."""
AGE_MAX = timedelta(days=3)
"""Of a history that is used again: its last 30 days are not quite today's then."""
LOADING_CACHE_GB = 2.0
DATABASE: str = Settings.model_fields["mongo_db"].default


@dataclass(frozen=True, slots=True)
class Kept:
    """folder: a data directory as AETHER_DATA_DIR takes it. counts: documents by collection."""

    folder: Path
    extent: Extent
    counts: dict[str, int]


async def kept_history(messages: int, today: date, report: Report, root: Path = ROOT) -> Kept:
    """The one that is there, else a new one. Raises StartError where no mongod can be started."""
    folder = root / str(messages)
    found = read_manifest(folder, messages, today)
    if found is None:
        shutil.rmtree(folder, ignore_errors=True)
        extent = Extent(messages, today)
        async with mongod(folder) as url:
            counts = await load(History(extent), url, DATABASE, report)
        found = Kept(folder, extent, counts)
        write_manifest(found)
    else:
        async with mongod(folder) as url:
            await prepare(url, DATABASE, report)
    return found


@asynccontextmanager
async def mongod(folder: Path) -> AsyncIterator[str]:
    """Its URL. It ends with the block."""
    server = await start_mongod(folder, cache_gb=LOADING_CACHE_GB)
    try:
        yield server.url
    finally:
        await server.stop()


def read_manifest(folder: Path, messages: int, today: date) -> Kept | None:
    """None: there is no complete history of these documents in the folder, or it is too old."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        fields = manifest["extent"]
        extent = Extent(**{**fields, "until": date.fromisoformat(fields["until"])})
        kept = Kept(folder, extent, manifest["counts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    fits = manifest == json.loads(json.dumps(_manifest(kept), default=str))
    recent = timedelta(0) <= today - extent.until <= AGE_MAX
    return kept if fits and recent and extent == Extent(messages, extent.until) else None


def write_manifest(kept: Kept) -> None:
    """Last: a folder without it is not used again."""
    (kept.folder / MANIFEST).write_text(json.dumps(_manifest(kept), indent=2, default=str))


def _manifest(kept: Kept) -> dict[str, Any]:
    return {
        "shape": SHAPE,
        "extent": asdict(kept.extent),
        "counts": kept.counts,
    }
