"""What scripts/converse.py is told on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DESCRIPTION = """\
Plays two-turn conversations against a running server, each question with one agent, with five and as a stream; then
the first turns once more, to see what the cache answers. Prints Markdown; the progress goes to standard error."""

NOTES = """\
The server's limit (20 chats a minute per user by default) is waited for. For a quick run start the server with
AETHER_LIMIT_CHAT=off. Exit code 0: no errors, and the ledger equals the sum of the receipts."""


@dataclass(frozen=True, slots=True)
class Options:
    """email empty: a fresh user for each way of asking, so that none is answered from another's cache.

    limit: how many questions, None for all. patience_s: the longest wait for room under a limit, per request.
    mongo_url, mongo_db: empty for the server's own settings, else where its embedded mongod listens.
    """

    questions: Path
    url: str
    email: str
    password: str
    limit: int | None
    concurrency: int
    patience_s: float
    mongo_url: str
    mongo_db: str


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return value


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Ends the process with a usage message where the arguments are wrong."""
    parser = argparse.ArgumentParser(
        prog="converse.py",
        description=DESCRIPTION,
        epilog=NOTES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--questions", type=Path, required=True, help='JSON lines with "turns" (and "category")')
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument("--email", default="", help="an account that exists (default: fresh ones are registered)")
    parser.add_argument("--password", default="", help="of that account")
    parser.add_argument("--limit", type=positive, help="how many questions (default: all)")
    parser.add_argument("--concurrency", type=positive, default=4, help="conversations at once (default: %(default)s)")
    parser.add_argument(
        "--patience", dest="patience_s", type=float, default=900.0, help="seconds to wait for room (%(default)s)"
    )
    parser.add_argument("--mongo-url", default="", help="the ledger (default: MONGO_URL, else the embedded mongod)")
    parser.add_argument("--mongo-db", default="", help="its database (default: MONGO_DB, else aether)")
    parsed = parser.parse_args(arguments)
    if bool(parsed.email) != bool(parsed.password):
        parser.error("--email and --password go together")
    return Options(**vars(parsed))
