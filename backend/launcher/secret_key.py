"""The key that signs access tokens: generated once, then read from the data directory."""

import os
import secrets

from pydantic import SecretStr

from backend.config import SECRET_MINIMUM_CHARACTERS
from backend.services.embedded import DataLayout, StartError

RANDOM_BYTES = 48


def stored_secret_key(layout: DataLayout) -> SecretStr:
    """Raises StartError where the stored key is too short to be one."""
    path = layout.root / "secret_key"
    if not path.exists():
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(RANDOM_BYTES))
        partial.replace(path)
    path.chmod(0o600)
    key = path.read_text().strip()
    if len(key) < SECRET_MINIMUM_CHARACTERS:
        raise StartError(f"{path} is damaged: remove it, and everybody signs in again with a new key.")
    return SecretStr(key)
