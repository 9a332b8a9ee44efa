"""An answer that was given up for the large model's: one receipt, two records, one sum."""

from typing import Any

import pytest

from tests.support.chat import Chat, counters, ledger, pico

pytestmark = pytest.mark.shared_database

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"
MESSAGE = "Name a fruit. Return JSON."  # the simulator answers in prose
BODY: dict[str, Any] = {"agent_type": "dev", "cascade": True}


async def test_both_calls_are_in_the_ledger_and_on_the_receipt(chat: Chat) -> None:
    reply = await chat.ask(MESSAGE, **BODY)
    assert (reply["model_used"], reply["cascade"]["escalated"]) == (LARGE, True)
    assert chat.served.services
    database = chat.served.services.database
    first, second = await ledger(database, chat.account.id)
    assert [(row["call"], row["model"], row["purpose"]) for row in (first, second)] == [
        (0, SMALL, "answer"),
        (1, LARGE, "escalation"),
    ]
    assert pico(reply["cost"]) == first["cost"] + second["cost"]
    assert pico(reply["baseline_cost"]) == second["baseline"] == second["cost"]
    assert (first["baseline"], first["saved"], second["saved"]) == (0, -first["cost"], 0)
    counted = sum(row.get("saved_routing", 0) for row in await counters(database, chat.account.id))
    assert counted == pico(reply["saved"]) == -first["cost"]
    [_, stored] = await chat.messages(reply["conversation_id"])
    assert stored["receipt"]["calls"] == reply["calls"]


async def test_it_is_reused_and_says_what_it_was(chat: Chat) -> None:
    reply, again = [await chat.ask(MESSAGE, **BODY) for _ in range(2)]
    assert (again["cached"], again["cost"], again["cascade"]) == (True, "0", reply["cascade"])
