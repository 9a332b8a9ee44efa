"""Measures Aether on pinned cores, beside other gateways in the same run; writes the table of docs/benchmarks.md."""
