"""Tokens as the simulator counts them: words and their pieces for answers, bytes for prompts."""

import re

BYTES_PER_TOKEN = 4
_PIECE = re.compile(r"\s?\w{1,6}|\s?[^\w\s]{1,3}|\s+")


def split_tokens(text: str) -> tuple[str, ...]:
    """Pieces that join to the text again, about as long as a real tokenizer's."""
    return tuple(_PIECE.findall(text))


def count_prompt_tokens(prompt: bytes) -> int:
    return -(-len(prompt) // BYTES_PER_TOKEN)
