"""The user's own questions, by what they ask: finds the answer to one that was worded differently.

A question's form has a signature that every similar question shares, so a look-up is one read, in the layers that
answers are in: bounded, sealed with the owner's id, and forgotten with the user's answers. Everything but the wording
(agent, model, prompts, instructions, context) is in the scope and has to be the same.
"""

import hashlib
from dataclasses import dataclass

import orjson

from backend.domain.question_form import QuestionForm, form_of
from backend.domain.similarity.questions import THRESHOLD, similarity
from backend.services.performance_cache.stack import LayerStack


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question of the user's that asks the same. key: of its answer. similarity: THRESHOLD to 1."""

    question: str
    key: str
    similarity: float


class SemanticIndex:
    """ttl_s: as long as answers are kept."""

    def __init__(self, stack: LayerStack, *, ttl_s: float) -> None:
        self._stack = stack
        self._ttl_s = ttl_s

    async def find(self, user_id: str, scope: str, question: str) -> KnownQuestion | None:
        """scope: what else shapes an answer, hashed."""
        form = form_of(question)
        found = await self._stack.get(user_id, _entry(scope, form)) if form else None
        if form is None or found is None:
            return None
        known, key = orjson.loads(found[1])
        known_form = form_of(known)
        alike = similarity(form, known_form) if known_form else 0.0
        return KnownQuestion(known, key, alike) if alike >= THRESHOLD else None

    async def remember(self, user_id: str, scope: str, question: str, key: str) -> None:
        """key: under which the question's answer is cached. Of one signature the newest question is kept."""
        if form := form_of(question):
            await self._stack.put(user_id, _entry(scope, form), orjson.dumps([question, key]), self._ttl_s)


def _entry(scope: str, form: QuestionForm) -> str:
    return f"similar:{hashlib.sha256(orjson.dumps([scope, form.signature])).hexdigest()}"
