"""A separate process that speaks Groq's protocol, for demonstrations, tests and benchmarks without a key.

Nothing in Aether imports it: it is reached over HTTP like the vendor itself. Its answers say that they are simulated.
"""
