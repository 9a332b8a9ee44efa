"""Migrations: numbered steps that bring a database from any earlier release to this one, each applied once."""

from backend.services.migrations.runner import DatabaseIsNewer, Migration, Migrations, NotAReplicaSet
from backend.services.migrations.table import MIGRATIONS

__all__ = ["MIGRATIONS", "DatabaseIsNewer", "Migration", "Migrations", "NotAReplicaSet"]
