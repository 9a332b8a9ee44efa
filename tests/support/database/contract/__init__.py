"""Tests that every kind of database passes; they use a fixture `database`."""
