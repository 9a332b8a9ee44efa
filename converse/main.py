"""Ties a run together: accounts, two passes, the books before and after, the report."""

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping, Sequence

from aiohttp import ClientSession
from tqdm import tqdm

from backend.config import Settings
from backend.services.embedded.layout import DataLayout
from backend.services.embedded.mongod import NAME as MONGOD
from backend.services.embedded.replica_set import NAME as REPLICA_SET
from converse.client import Client, RequestFailed, open_http
from converse.ledger import ANALYTICS_DAYS, Books, LedgerError, read_database, total_of_analytics
from converse.options import Options, parse_options
from converse.pace import Pace, Waits
from converse.play import Player, Turn
from converse.questions import Question, QuestionsError, read_questions
from converse.receipts import MODES, Mode
from converse.report import Run, report

Ledger = tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 without errors and with books that agree, 1 otherwise, 2 where nothing could be played."""
    options = parse_options(arguments)
    try:
        run = asyncio.run(play(options, read_questions(options.questions, options.limit)))
    except (QuestionsError, RequestFailed, LedgerError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(report(run))
    return 0 if run.succeeded else 1


async def play(options: Options, questions: Sequence[Question]) -> Run:
    """Raises RequestFailed where nobody can sign in, LedgerError where the books cannot be read."""
    ledger = find_ledger(options, Settings())
    async with open_http(options.url, options.concurrency) as http:
        clients = await sign_in(options, http)
        accounts = {client.user_id: client for client in clients.values()}
        before = await read_books(accounts, ledger)
        started = time.monotonic()
        turns = await play_both_passes(options, questions, clients)
        seconds = time.monotonic() - started
        after = await read_books(accounts, ledger)
    return Run(
        turns=turns,
        books={user_id: after[user_id].since(before[user_id]) for user_id in accounts},
        accounts={user_id: [mode for mode in MODES if clients[mode].user_id == user_id] for user_id in accounts},
        waits=total_waits(accounts),
        seconds=seconds,
        questions=len(questions),
    )


async def sign_in(options: Options, http: ClientSession) -> Mapping[Mode, Client]:
    """The account of each mode: the one that was named, else a fresh one each."""
    if options.email:
        client = Client(http, options.email, options.password, Pace(options.patience_s))
        await client.sign_in()
        return dict.fromkeys(MODES, client)
    clients: dict[Mode, Client] = {}
    for mode in MODES:
        name = f"converse-{mode}-{secrets.token_hex(8)}@example.com"
        clients[mode] = Client(http, name, secrets.token_urlsafe(24), Pace(options.patience_s))
        await clients[mode].register()
        await clients[mode].sign_in()
    return clients


async def play_both_passes(
    options: Options, questions: Sequence[Question], clients: Mapping[Mode, Client]
) -> list[Turn]:
    total = sum(len(question.turns) + 1 for question in questions) * len(MODES)
    with tqdm(total=total, unit="turn", file=sys.stderr) as bar:
        player = Player(clients, options.concurrency, bar.update)
        first = await player.first_pass(questions)
        return first + await player.second_pass(questions)


def find_ledger(options: Options, settings: Settings) -> Ledger | None:
    """Where the database is: as told, as the server is told, or where its embedded mongod listens. None: nowhere."""
    database = options.mongo_db or settings.mongo_db
    if options.mongo_url:
        return options.mongo_url, database
    if settings.in_memory:
        return None
    if url := settings.mongo_url.get_secret_value():
        return url, database
    port = DataLayout(settings.data_dir).last_port(MONGOD)
    return (f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}", database) if port else None


async def read_books(accounts: Mapping[str, Client], ledger: Ledger | None) -> dict[str, Books]:
    """By user id, through the API and, where it can be reached, in the database."""
    books = {}
    for user_id, client in accounts.items():
        analytics = total_of_analytics(await client.user_analytics(ANALYTICS_DAYS))
        records, days = await read_database(*ledger, user_id) if ledger else (None, None)
        books[user_id] = Books(records, days, analytics)
    return books


def total_waits(accounts: Mapping[str, Client]) -> Waits:
    waits = [client.pace.waits for client in accounts.values()]
    return Waits(sum(wait.count for wait in waits), sum(wait.seconds for wait in waits))
