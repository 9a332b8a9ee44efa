"""What a start with AETHER_ENV=production is refused with, and that no refusal shows a value."""

import pytest
from pydantic import SecretStr, ValidationError

from tests.conftest import MakeSettings


@pytest.mark.parametrize("key", ["", "short", "0123456789" * 3, "a" * 64, "changeme" * 8, "password" * 5])
def test_a_secret_key_that_is_missing_short_or_repetitive_is_refused(settings: MakeSettings, key: str) -> None:
    with pytest.raises(ValidationError, match="AETHER_SECRET_KEY") as caught:
        settings(env="production", secret_key=SecretStr(key))
    assert not key or key not in str(caught.value)
    settings(env="development", secret_key=SecretStr(key))


@pytest.mark.parametrize("key", ["0123456789abcdef" * 2, "four words and a few more of them"])
def test_a_key_of_many_characters_is_taken(settings: MakeSettings, key: str) -> None:
    settings(env="production", secret_key=SecretStr(key))


def test_a_setting_that_is_wrong_shows_no_other(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """pydantic shows what it was given, every secret among it, where it is not told otherwise."""
    monkeypatch.setenv("GROQ_API_KEY", "marker-of-a-key")
    with pytest.raises(ValidationError) as caught:
        settings(env="production", secret_key=SecretStr("short"), port=99999)
    assert "marker-of-a-key" not in str(caught.value)
    assert "99999" not in str(caught.value)
