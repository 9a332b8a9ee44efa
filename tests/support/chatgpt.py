"""Conversations as ChatGPT's conversations.json has them."""

from typing import Any

Json = dict[str, Any]
BEGUN = 1_699_564_800.25


def node(
    node_id: str,
    parent: str | None,
    *children: str,
    role: str = "user",
    parts: list[Any] | None = None,
    at: float | None = BEGUN,
    **message: object,
) -> Json:
    """parts None: a node without a message, as the root is."""
    told: Json | None = None
    if parts is not None:
        told = {
            "id": node_id,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": at,
            "update_time": None,
            "content": {"content_type": "text", "parts": parts},
            "status": "finished_successfully",
            "end_turn": True,
            "weight": 1.0,
            "metadata": {"model_slug": "gpt-4"} if role == "assistant" else {},
            "recipient": "all",
            **message,
        }
    return {"id": node_id, "message": told, "parent": parent, "children": list(children)}


def conversation(**changes: object) -> Json:
    """Two branches after the first question; a tool is asked on the way, and nothing of that is for people."""
    hidden = {"is_visually_hidden_from_conversation": True}
    code = {"content_type": "code", "language": "python", "text": "1 + 1"}
    output = {"content_type": "execution_output", "text": "2"}
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    nodes = [
        node("root", None, "system"),
        node("system", "root", "q1", role="system", parts=[""], at=None, metadata=hidden),
        node("q1", "system", "a1", "a1-again", parts=["What is 1 + 1?"], at=BEGUN + 1),
        node("a1", "q1", role="assistant", parts=["Three."], at=BEGUN + 2),
        node("a1-again", "q1", "output", role="assistant", content=code, parts=[], at=BEGUN + 3, recipient="python"),
        node("output", "a1-again", "answer", role="tool", content=output, parts=[], at=BEGUN + 4),
        node("answer", "output", "q2", role="assistant", parts=["Two."], at=BEGUN + 5),
        node("q2", "answer", "a2", parts=["And this?", picture], at=BEGUN + 6),
        node("a2", "q2", role="assistant", parts=["A picture."], at=None),
    ]
    nodes[7]["message"]["content"]["content_type"] = "multimodal_text"
    return {
        "title": "Sums",
        "create_time": BEGUN,
        "update_time": BEGUN + 60,
        "mapping": {row["id"]: row for row in nodes},
        "moderation_results": [],
        "current_node": "a2",
        "plugin_ids": None,
        "conversation_id": "6f1c-sums",
        "id": "6f1c-sums",
        "is_archived": False,
        **changes,
    }
