"""The launcher's smaller parts, without any server."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.config import Settings
from backend.launcher import servers, signals, supervision
from backend.launcher.listener import listen, local_url
from backend.launcher.log_files import trim_logs
from backend.launcher.open_files import allow_open_files
from backend.launcher.secret_key import stored_secret_key
from backend.launcher.servers import EmbeddedServers
from backend.launcher.signals import StopSignals
from backend.launcher.supervision import Supervised
from backend.services.embedded import DataLayout, StartError
from backend.services.embedded.errors import BinaryDoesNotRunError, PortTakenError, explain
from tests.support.waiting import eventually


class Mortal:
    """A process that ends when it is told to."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.end = asyncio.Event()
        self.stopped_with: float | None = None

    async def wait(self) -> int:
        await self.end.wait()
        return 1

    async def stop(self, grace_s: float) -> int:
        self.stopped_with = grace_s
        return 0


class Nursery:
    """Starts mortals; some starts fail."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.born: list[Mortal] = []
        self.dead: list[int] = []

    async def start(self) -> Mortal:
        if self.born and self.failures:
            self.failures -= 1
            raise StartError("not now")
        self.born.append(Mortal(len(self.born)))
        return self.born[-1]

    def supervised(self) -> Supervised[Mortal]:
        return Supervised("mortal", self.start, on_exit=self.dead.append)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(supervision, "LONGEST_PAUSE_S", 0.01)


@pytest.mark.usefixtures("quick")
async def test_a_dead_child_is_replaced_even_after_failed_starts() -> None:
    nursery = Nursery(failures=3)
    child = nursery.supervised()
    await child.start()
    keeping = asyncio.create_task(child.keep())
    nursery.born[0].end.set()
    await eventually(lambda: len(nursery.born) == 2)
    assert nursery.dead == [0]
    assert nursery.failures == 0
    keeping.cancel()
    await child.stop(7)
    assert nursery.born[1].stopped_with == 7
    assert nursery.born[0].stopped_with is None


async def test_a_child_that_never_started_needs_no_stop() -> None:
    child = Nursery().supervised()
    await child.stop(1)
    with pytest.raises(RuntimeError):
        _ = child.running


async def test_one_wish_delivered_twice_is_no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes = StopSignals()
    wishes.receive()
    wishes.receive()
    assert wishes.stop.is_set()
    assert not wishes.hurry.is_set()
    monkeypatch.setattr(signals, "SAME_WISH_S", -1.0)
    wishes.receive()
    assert wishes.hurry.is_set()


class StartedValkey(Mortal):
    url = "redis://127.0.0.1:4711/0"
    port = 4711


@pytest.mark.parametrize(
    ("workers", "redis_url", "alone"), [(1, "", True), (2, "", False), (1, StartedValkey.url, False)]
)
async def test_a_worker_is_alone_where_there_is_one_and_its_valkey_is_the_launchers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, redis_url: str, alone: bool
) -> None:
    async def start_valkey(data_dir: Path, *, port: int) -> StartedValkey:
        return StartedValkey(1)

    monkeypatch.setattr(servers, "start_valkey", start_valkey)
    settings = Settings(
        workers=workers, redis_url=redis_url, mongo_url="mongodb://127.0.0.1:1", groq_base_url="http://127.0.0.1:1"
    )
    resolved = await EmbeddedServers(settings, DataLayout(tmp_path)).start()
    assert resolved.alone is alone


def test_a_secret_key_is_made_once(tmp_path: Path) -> None:
    layout = DataLayout(tmp_path)
    key = stored_secret_key(layout)
    assert stored_secret_key(layout) == key
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(StartError, match="is damaged"):
        stored_secret_key(layout)


def test_a_long_log_is_moved_aside_while_it_is_written(tmp_path: Path) -> None:
    with (tmp_path / "mongod.log").open("ab", buffering=0) as log:
        log.write(b"x" * 100)
        trim_logs(tmp_path, limit_bytes=100)
        assert not (tmp_path / "mongod.log.1").exists()
        log.write(b"x")
        trim_logs(tmp_path, limit_bytes=100)
        log.write(b"after")
    assert (tmp_path / "mongod.log").read_bytes() == b"after"
    assert (tmp_path / "mongod.log.1").stat().st_size == 101


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:{}"), ("0.0.0.0", "http://127.0.0.1:{}"), ("::1", "http://[::1]:{}")],  # noqa: S104
)
def test_the_url_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert local_url(listener) == url.format(port)
        socket.create_connection(("::1" if ":" in host else "127.0.0.1", port)).close()


@pytest.mark.parametrize(
    ("host", "said"), [("no such host.invalid", "is not an address"), ("192.0.2.1", "has no such address")]
)
def test_an_address_that_is_not_ours_is_named(host: str, said: str) -> None:
    with pytest.raises(StartError, match=said):
        listen(host, 0)


@pytest.mark.parametrize(
    ("output", "kind", "said"),
    [
        ("error while loading shared libraries: libssl.so.3: cannot open", BinaryDoesNotRunError, "install libssl3"),
        ("error while loading shared libraries: libodd.so.9: cannot open", BinaryDoesNotRunError, "search libodd.so.9"),
        ("mongod: /lib/libc.so.6: version `GLIBC_2.34' not found", BinaryDoesNotRunError, "older: use Debian 12"),
        ("Failed to set up listener: Address already in use", PortTakenError, "port taken"),
        ("write failed: No space left on device", StartError, "free some space"),
        ("DBException: UPGRADE PROBLEM: the data files need", StartError, "another version of MongoDB"),
        ("something new", StartError, "code 14(.|\n)*something new"),
    ],
)
def test_why_a_server_ended_is_explained(output: str, kind: type[StartError], said: str) -> None:
    error = explain("mongod", Path("/data/mongo"), output, 14)
    assert type(error) is kind
    with pytest.raises(StartError, match=said):
        raise error


@pytest.fixture
def few_open_files() -> Iterator[int]:
    """The hard limit, with a soft one below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("wanted", "granted"), [(600, 600), (256, 512)])
def test_as_many_open_files_are_allowed_as_are_wanted_and_never_fewer(
    few_open_files: int, wanted: int, granted: int
) -> None:
    allow_open_files(wanted)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (granted, few_open_files)
