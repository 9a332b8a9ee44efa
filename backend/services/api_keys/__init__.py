"""API keys: made and shown once, verified from memory, revoked on every worker within a second."""

from backend.services.api_keys.api_keys import ApiKeys
from backend.services.api_keys.text import is_api_key

__all__ = ["ApiKeys", "is_api_key"]
