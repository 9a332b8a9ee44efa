"""History of a chosen size: generated from a seed, loaded into MongoDB and kept, to measure reads over it."""
