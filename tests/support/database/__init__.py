"""Databases and turns for tests. The contract modules hold tests that memory, Motor and PyMongo all pass."""
