"""The composition root: the only place that constructs services. Each process imports the module that it needs."""
