"""The migrations of this release, in order. A new one is a module and a row here; a row is never changed or removed."""

from backend.services.migrations import (
    m0001_baseline,
    m0002_conversation_states,
    m0003_savings,
    m0004_message_weeks,
    m0005_usage_totals,
    m0006_title_states,
)
from backend.services.migrations.runner import Migration

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "baseline", m0001_baseline.run),
    Migration(2, "conversation states", m0002_conversation_states.run),
    Migration(3, "savings", m0003_savings.run),
    Migration(4, "message weeks", m0004_message_weeks.run),
    Migration(5, "usage totals", m0005_usage_totals.run),
    Migration(6, "title states", m0006_title_states.run),
)
