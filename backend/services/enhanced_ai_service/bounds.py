"""The most that planned calls may consume, whatever the models answer: what budgets reserve."""

from collections.abc import Sequence
from dataclasses import replace

from backend.domain.budgets import NOTHING, Amount
from backend.domain.models import ModelCatalogue
from backend.domain.usage import TokenUsage
from backend.services.enhanced_ai_service.planning import Plan

TEMPLATE_TOKENS = 100
"""What a vendor's chat template adds to a prompt."""

INTRODUCTION_TOKENS, TAG_TOKENS = 300, 80
"""What a prompt needs for the answers of others: the introduction, and the tags around each."""


def most_of(plan: Plan, catalogue: ModelCatalogue, material: int = 0) -> Amount:
    """One call, or one that a dearer model answers in its place; of a cascade both its calls.

    material: tokens that the prompt will have besides.

    A byte is at least as much as a token, in every vocabulary that is built on bytes.
    """
    if plan.escalation:
        first = most_of(replace(plan, escalation=None), catalogue, material)
        return first + most_of(plan.escalation, catalogue, material)
    prompt = TEMPLATE_TOKENS + material + sum(len(message.content.encode()) for message in plan.messages)
    usage = TokenUsage(prompt, 0, plan.max_tokens, 0)
    asked = plan.model.cost(usage)
    if asked is None:
        return Amount(usage.total, None)
    others = () if plan.capped else catalogue.fallbacks(plan.model)
    return Amount(usage.total, max([asked, *(model.cost(usage) or 0 for model in others)]))


def most_of_team(plans: Sequence[Plan], merge: Plan, catalogue: ModelCatalogue, *, sequential: bool) -> Amount:
    """All agents and the synthesis, which reads every answer; one after another, each reads those before it."""
    total, answers = NOTHING, INTRODUCTION_TOKENS
    for plan in plans:
        total += most_of(plan, catalogue, answers if sequential else 0)
        answers += plan.max_tokens + TAG_TOKENS
    return total + most_of(merge, catalogue, answers)
