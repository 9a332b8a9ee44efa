"""Conversations that come from elsewhere or go there: export and import."""

from backend.services.transfer.export import ConversationExport, ExportFormat
from backend.services.transfer.imports import ConversationImport, Imported

__all__ = ["ConversationExport", "ConversationImport", "ExportFormat", "Imported"]
