"""Who may call which operation, and which of its parameters name an object of one user: one row for each.

An operation without a row fails the suite (api/test_access.py, api/test_openapi.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from backend.domain.agents import AGENTS
from tests.support.application import Account, Served

Caller = Literal["anybody", "user", "admin"]
CHAT = "/api/ai/v4/chat"


@dataclass(frozen=True, slots=True)
class Access:
    """caller: who may call it; a user, whatever the role is, and an admin are signed in.

    owned: path parameters and body fields that name an object of a user -> what they name, a row of OBJECTS.
    others: path parameters and body fields that name no user's object -> a value that a route takes.
    body: what it needs beside the fields that are owned.
    by_cookie: it sets the browser's cookie or acts by it, so pages of other sites are refused.
    """

    caller: Caller = "user"
    owned: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)
    by_cookie: bool = False


QUESTION = {"message": "How do I reverse a list in Python?"}
CONTINUED = {"conversation_id": "conversation"}
BRANCHED = {**CONTINUED, "parent_id": "message", "regenerate_of": "message"}
ANYBODY, USER, ADMIN = Access("anybody"), Access(), Access("admin")
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
    "get_health": USER,
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
    "ask_quickly": Access(owned=CONTINUED, body=QUESTION),
    "ask_agent": Access(owned=BRANCHED, body=QUESTION),
    "ask_team": Access(owned=CONTINUED, body=QUESTION),
    "rerun_agent": Access(owned={"message_id": "team message"}, others={"agent": AGENTS[0].id}),
    "estimate": Access(owned=BRANCHED, body=QUESTION),
    "start_stream": Access(owned=BRANCHED, body=QUESTION),
    "resume_stream": Access(owned={"stream_id": "stream"}),
    "stop_stream": Access(owned={"stream_id": "stream"}),
    "list_agents": USER,
    "list_models": USER,
    "get_analytics": USER,
    "clear_cache": USER,
    "list_conversations": USER,
    "search_conversations": USER,
    "get_conversation": Access(owned=CONTINUED),
    "change_conversation": Access(owned={**CONTINUED, "folder_id": "folder"}, body={"pinned": True}),
    "list_folders": USER,
    "create_folder": USER,
    "rename_folder": Access(owned={"folder_id": "folder"}, body={"name": "Work"}),
    "delete_folder": Access(owned={"folder_id": "folder"}),
    "list_messages": Access(owned=CONTINUED),
    "delete_conversation": Access(owned=CONTINUED),
    "restore_conversation": Access(owned={"conversation_id": "deleted conversation"}),
    "get_dashboard": ADMIN,
    "list_alerts": ADMIN,
    "get_detailed_health": ADMIN,
    "get_performance": ADMIN,
    "get_metrics": ADMIN,
    "get_spending": ADMIN,
    "list_audit_entries": ADMIN,
    "set_spending": ADMIN,
    "set_budget": Access("admin", others={"user_id": "nobody"}),
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


OBJECTS: dict[tuple[str, ...], Callable[[Served, Account], Awaitable[tuple[str, ...]]]] = {
    ("conversation", "message"): _answer,
    ("deleted conversation",): _deleted,
    ("folder",): _folder,
    ("team message",): _team_answer,
    ("stream",): _stream,
    ("session",): _session,
}
"""What an account can own -> makes it, and returns its ids."""


async def make_objects(served: Served, account: Account) -> dict[str, str]:
    """One object of each kind that belong to the account: kind -> id."""
    made: dict[str, str] = {}
    for kinds, make in OBJECTS.items():
        made |= zip(kinds, await make(served, account), strict=True)
    return made
