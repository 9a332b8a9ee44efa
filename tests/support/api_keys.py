"""API keys in tests that talk HTTP."""

from typing import Any

from tests.support.application import Account, Served

KEYS = "/api/auth/api-keys"
Json = dict[str, Any]


async def make_key(served: Served, account: Account, **fields: object) -> Json:
    """The answer to making one, with the scope chat where the fields name none."""
    body = {"name": "A program", "scopes": ["chat"], **fields}
    answer = await served.client.post(KEYS, headers=account.headers, json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def by_key(account: Account, key: str) -> Account:
    """The account as a program calls for it."""
    return Account(account.id, account.email, {"Authorization": f"Bearer {key}"})
