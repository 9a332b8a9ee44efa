"""Plays conversations against a running server and proves its ledger: scripts/converse.py is its face.

It knows the server only as its users do, over HTTP; the ledger it reads where the server keeps it, in MongoDB.
"""
