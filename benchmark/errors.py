"""What keeps a measurement from being one."""


class BenchmarkError(Exception):
    """The message is for the person who runs the benchmark."""


class Unavailable(BenchmarkError):
    """A contender cannot be installed or started here; the message says why and goes into the table."""
