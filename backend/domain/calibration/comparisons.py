"""How comparisons of answers, which nobody asked for, stand in the ledger."""

COMPARISON = "comparison"
"""Purpose and agent of their calls."""
COMPARISONS_OWNER = "aether_comparisons"
"""Whose they are: no user has this id, and no user pays."""
COMPARISONS_NAME = "comparisons (Aether's own)"
"""For people, where users are named."""
