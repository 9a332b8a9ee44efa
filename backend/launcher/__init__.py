"""The process that owns all others: it starts the embedded servers and the workers, keeps them alive and stops them."""
