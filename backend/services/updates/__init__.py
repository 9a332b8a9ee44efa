"""Live updates: what changes on one worker is told to the user's streams on all of them, by the bus."""

from backend.services.updates.announcing import AnnouncedTurnLog
from backend.services.updates.frames import Frame
from backend.services.updates.updates import Updates

__all__ = ["AnnouncedTurnLog", "Frame", "Updates"]
