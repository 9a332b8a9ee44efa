"""Fits the tables that the server routes with and judges them: scripts/train_router.py and evaluate_router.py.

Nothing here runs in the server.
"""
