"""The audit log: who did what to whose account, durable before whoever did it has an answer."""

from backend.services.audit_log.log import AuditLog

__all__ = ["AuditLog"]
