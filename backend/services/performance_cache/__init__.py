"""Cached answers, sessions and results: L1 and L2 in this process's memory, L3 in Redis."""

from backend.services.performance_cache.answers import CachedAnswer, Hit, answer_key, cascade_key, hash_context
from backend.services.performance_cache.cache import PerformanceCache
from backend.services.performance_cache.layers import Item, Layer, MemoryLayer

__all__ = [
    "CachedAnswer",
    "Hit",
    "Item",
    "Layer",
    "MemoryLayer",
    "PerformanceCache",
    "answer_key",
    "cascade_key",
    "hash_context",
]
