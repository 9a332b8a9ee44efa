"""Secrets of a test that can be searched for: what a run has written is grepped for each of them."""

import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from pydantic import SecretStr

from backend.config import Settings

LOGS = ("*.log", "*.log.*", "output.txt")
"""Where processes of tests write, as files below the test's folder."""
LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|\$argon2|\b(?:aek|whsec|sk|gsk)_[A-Za-z0-9]{16,}|Bearer [\w.-]{20,}"
)
"""JSON web tokens, hashes of passwords, keys, headers."""


def secret_settings() -> set[str]:
    """Environment variables that hold a secret."""
    fields = Settings.model_fields.items()
    return {field.alias or name.upper() for name, field in fields if field.annotation is SecretStr}


class Markers:
    """name -> secret. Each is random, and long enough to be nowhere by chance."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The secret of that name, made at its first use: letters, digits and a dash."""
        return self._made.setdefault(name, f"{name}-{secrets.token_hex(16)}")

    def learn(self, name: str, secret: str) -> str:
        """A secret that the server made."""
        assert len(secret) > 12
        self._made[name] = secret
        return secret

    def found_in(self, text: str) -> list[str]:
        """Names of the secrets in a text, whole or the random half of one."""
        return [name for name, secret in self._made.items() if secret in text or secret[-24:] in text]


def files_below(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The text of every file below that has one of these names (patterns)."""
    paths = {path for name in names for path in folder.rglob(name) if path.is_file()}
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in paths}
