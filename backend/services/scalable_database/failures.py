"""The driver's errors as Aether's: the edge past which nothing of PyMongo's own is raised, duplicate keys apart."""

from types import TracebackType

from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError, ServerSelectionTimeoutError

from backend.errors import AetherError, DatabaseUnavailable, DeadlineExceeded

UNAVAILABLE = "The database does not answer. Nothing was lost that was acknowledged; try again in a moment."
RETRY_AFTER_S = 2.0


def translate(error: PyMongoError) -> AetherError | None:
    """None: the error means neither an unreachable nor a slow database, and stays what it is."""
    if isinstance(error, ConnectionFailure | ServerSelectionTimeoutError):
        return DatabaseUnavailable(UNAVAILABLE, retry_after=RETRY_AFTER_S)
    if isinstance(error, ExecutionTimeout) or error.timeout:
        return DeadlineExceeded("The database did not finish in time.")
    return None


class translated:  # noqa: N801 - reads as a verb at its uses, like contextlib's
    """Context manager: DatabaseUnavailable where the connection fails, DeadlineExceeded where a query is too slow."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, PyMongoError) and (known := translate(error)):
            raise known from error
