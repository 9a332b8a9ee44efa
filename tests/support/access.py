"""Who may call which operation, and which of its parameters name an object of one user: one row for each.

An operation without a row fails the suite (api/test_access.py, api/test_openapi.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from backend.domain.agents import AGENTS
from backend.domain.api_keys import Scope
from tests.support.api_keys import make_key
from tests.support.application import Account, Served

Caller = Literal["anybody", "user", "admin"]
CHAT = "/api/ai/v4/chat"


@dataclass(frozen=True, slots=True)
class Access:
    """caller: who may call it; a user, whatever the role is, and an admin are signed in.

    key: the scope that an API key needs; "any": none; None: no key may call it.
    owned: path parameters and body fields that name an object of a user -> what they name, a row of OBJECTS.
    others: path parameters and body fields that name no user's object -> a value that a route takes.
    body: what it needs beside the fields that are owned.
    empty: the status of its answer to who may call it, without a body and where nothing is stored yet.
    by_cookie: it sets the browser's cookie or acts by it, so pages of other sites are refused.
    """

    caller: Caller = "user"
    key: Scope | Literal["any"] | None = None
    owned: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)
    empty: int = 200
    by_cookie: bool = False


QUESTION = {"message": "How do I reverse a list in Python?"}
PROMPT = {"title": "Explaining", "text": "Explain {{topic}}"}
CONTINUED = {"conversation_id": "conversation"}
BRANCHED = {**CONTINUED, "parent_id": "message", "regenerate_of": "message"}
ANYBODY, USER, ADMIN = Access("anybody"), Access(), Access("admin", "admin")
ANY_KEY = Access(key="any")
BY_COOKIE = Access("anybody", by_cookie=True)

ACCESS: dict[str, Access] = {
    "is_live": ANYBODY,
    "is_ready": ANYBODY,
    "register": ANYBODY,
    "login": BY_COOKIE,
    "login_mfa": BY_COOKIE,
    "refresh": BY_COOKIE,
    "logout": BY_COOKIE,
    "resend_verification": ANYBODY,
    "forgot_password": ANYBODY,
    "verify_email": ANYBODY,
    "reset_password": ANYBODY,
    "get_provider": ANYBODY,
    "start_sign_in": ANYBODY,
    "finish_sign_in": ANYBODY,
    "get_identity": USER,
    "link_identity": USER,
    "unlink_identity": USER,
    "confirm_identity": USER,
    "get_health": ANY_KEY,
    "get_me": USER,
    "change_me": USER,
    "change_password": USER,
    "delete_account": USER,
    "export_account": USER,
    "list_sessions": USER,
    "get_mfa": USER,
    "enroll_mfa": USER,
    "confirm_mfa": USER,
    "disable_mfa": USER,
    "replace_recovery_codes": USER,
    "end_session": Access(owned={"session_id": "session"}),
    "logout_all": USER,
    "create_api_key": USER,
    "list_api_keys": USER,
    "change_api_key": Access(owned={"key_id": "api key"}, body={"name": "Another name"}),
    "revoke_api_key": Access(owned={"key_id": "api key"}),
    "ask_quickly": Access(key="chat", owned=CONTINUED, body=QUESTION),
    "ask_agent": Access(key="chat", owned=BRANCHED, body=QUESTION),
    "ask_team": Access(key="chat", owned=CONTINUED, body=QUESTION),
    "rerun_agent": Access(key="chat", owned={"message_id": "team message"}, others={"agent": AGENTS[0].id}),
    "estimate": Access(key="chat", owned=BRANCHED, body=QUESTION),
    "start_stream": Access(key="chat", owned=BRANCHED, body=QUESTION),
    "resume_stream": Access(key="chat", owned={"stream_id": "stream"}),
    "stop_stream": Access(key="chat", owned={"stream_id": "stream"}),
    "list_agents": ANY_KEY,
    "list_models": ANY_KEY,
    "get_analytics": Access(key="usage:read"),
    "clear_cache": Access(key="chat"),
    "list_conversations": Access(key="conversations:read"),
    "list_messages": Access(key="conversations:read", owned=CONTINUED),
    "get_conversation": Access(key="conversations:read", owned=CONTINUED),
    "change_conversation": Access(
        key="conversations:write", owned={**CONTINUED, "folder_id": "folder"}, body={"pinned": True}
    ),
    "search_conversations": Access(key="conversations:read"),
    "export_conversation": Access(key="conversations:read", owned=CONTINUED),
    "import_conversations": Access(key="conversations:write"),
    "share_conversation": Access(key="conversations:write", owned={**CONTINUED, "message_id": "message"}),
    "list_shares": Access(key="conversations:read"),
    "delete_share": Access(key="conversations:write", owned={"share_id": "share"}),
    "read_shared": Access("anybody", others={"token": "nobody"}),
    "list_folders": Access(key="conversations:read"),
    "create_folder": Access(key="conversations:write"),
    "rename_folder": Access(key="conversations:write", owned={"folder_id": "folder"}, body={"name": "Work"}),
    "delete_folder": Access(key="conversations:write", owned={"folder_id": "folder"}),
    "restore_conversation": Access(key="conversations:write", owned={"conversation_id": "deleted conversation"}),
    "get_bootstrap": USER,
    "get_budget": Access(key="usage:read"),
    "follow_updates": USER,
    "get_leaderboard": Access(key="usage:read"),
    "get_costs": ADMIN,
    "get_business": ADMIN,
    "list_users": ADMIN,
    "change_user": Access("admin", "admin", others={"user_id": "nobody"}),
    "get_preferences": USER,
    "set_preferences": USER,
    "list_prompts": USER,
    "create_prompt": USER,
    "get_prompt": Access(owned={"prompt_id": "prompt"}),
    "replace_prompt": Access(owned={"prompt_id": "prompt"}, body=PROMPT),
    "delete_prompt": Access(owned={"prompt_id": "prompt"}),
    "rate_answer": Access(key="conversations:write", owned={"message_id": "message"}, body={"rating": "up"}),
    "withdraw_rating": Access(key="conversations:write", owned={"message_id": "message"}),
    "delete_conversation": Access(key="conversations:write", owned=CONTINUED),
    "get_dashboard": ADMIN,
    "list_alerts": ADMIN,
    "get_detailed_health": ADMIN,
    "get_performance": ADMIN,
    "get_metrics": ADMIN,
    "get_spending": ADMIN,
    "list_audit_entries": ADMIN,
    "set_spending": ADMIN,
    "get_calibration": ADMIN,
    "set_calibration": ADMIN,
    "preview_calibration": Access("admin", "admin", empty=409),
    "refit_calibration": Access("admin", "admin", empty=409),
    "roll_back_calibration": ADMIN,
    "list_calibrations": ADMIN,
    "get_similar_answers": ADMIN,
    "set_similar_answers": ADMIN,
    "set_budget": Access("admin", "admin", others={"user_id": "nobody"}),
}


def callable_by(caller: Caller) -> set[str]:
    return {operation for operation, access in ACCESS.items() if access.caller == caller}


async def _ask(served: Served, account: Account, path: str, **fields: object) -> dict[str, str]:
    """The ids of the answer; what it cost is not of interest here."""
    answer = await served.client.post(f"{CHAT}/{path}", headers=account.headers, json={**QUESTION, **fields})
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


async def _answer(served: Served, account: Account) -> tuple[str, ...]:
    answer = await _ask(served, account, "quick")
    return answer["conversation_id"], answer["message_id"]


async def _deleted(served: Served, account: Account) -> tuple[str, ...]:
    conversation_id = (await _ask(served, account, "quick"))["conversation_id"]
    deletion = await served.client.delete(f"/api/conversations/{conversation_id}", headers=account.headers)
    deletion.raise_for_status()
    return (conversation_id,)


async def _folder(served: Served, account: Account) -> tuple[str, ...]:
    made = await served.client.post("/api/folders", headers=account.headers, json={"name": "Plans"})
    made.raise_for_status()
    return (made.json()["id"],)


async def _share(served: Served, account: Account) -> tuple[str, ...]:
    conversation_id = (await _ask(served, account, "quick"))["conversation_id"]
    made = await served.client.post(f"/api/conversations/{conversation_id}/share", headers=account.headers)
    made.raise_for_status()
    return (made.json()["id"],)


async def _team_answer(served: Served, account: Account) -> tuple[str, ...]:
    return ((await _ask(served, account, "multi-agent", agents=[agent.id for agent in AGENTS[:2]]))["message_id"],)


async def _stream(served: Served, account: Account) -> tuple[str, ...]:
    answer = await served.client.post(f"{CHAT}/stream", headers=account.headers, json=QUESTION)
    answer.raise_for_status()
    return (answer.text.split('"stream_id":"', 1)[1].split('"', 1)[0],)


async def _session(served: Served, account: Account) -> tuple[str, ...]:
    """Another sign-in than the one that asks."""
    await served.sign_in(account.email)
    listed = await served.client.get("/api/auth/sessions", headers=account.headers)
    return (next(item["id"] for item in listed.json()["items"] if not item["current"]),)


async def _api_key(served: Served, account: Account) -> tuple[str, ...]:
    return ((await make_key(served, account))["id"],)


async def _prompt(served: Served, account: Account) -> tuple[str, ...]:
    made = await served.client.post("/api/prompts", headers=account.headers, json=PROMPT)
    made.raise_for_status()
    return (made.json()["id"],)


OBJECTS: dict[tuple[str, ...], Callable[[Served, Account], Awaitable[tuple[str, ...]]]] = {
    ("conversation", "message"): _answer,
    ("deleted conversation",): _deleted,
    ("folder",): _folder,
    ("share",): _share,
    ("team message",): _team_answer,
    ("stream",): _stream,
    ("session",): _session,
    ("prompt",): _prompt,
    ("api key",): _api_key,
}
"""What an account can own -> makes it, and returns its ids."""


async def make_objects(served: Served, account: Account) -> dict[str, str]:
    """One object of each kind that belong to the account: kind -> id."""
    made: dict[str, str] = {}
    for kinds, make in OBJECTS.items():
        made |= zip(kinds, await make(served, account), strict=True)
    return made
