"""Clients on raw sockets for what a load generator does not measure: streams, and users who come back."""
