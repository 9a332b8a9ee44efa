"""The composition root: the only place that constructs services."""

from backend.wiring.administration import Administration, administer
from backend.wiring.preparation import DEFAULT_ADMIN_EMAIL, Prepared, prepare
from backend.wiring.worker import VERSION, open_services

__all__ = ["DEFAULT_ADMIN_EMAIL", "VERSION", "Administration", "Prepared", "administer", "open_services", "prepare"]
