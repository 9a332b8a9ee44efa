"""The launcher from outside: what it starts, what it says, and that nothing is left when it ends."""

import asyncio
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pymongo
import pytest

from tests.support.launching import Launched, Launches, processes_of
from tests.support.waiting import eventually

READY = "/api/health/ready"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


async def test_a_start_reports_and_a_stop_leaves_nothing(launch: Launches, client: httpx.AsyncClient) -> None:
    aether = launch()
    url = await aether.ready()
    assert (await client.get(url + READY)).status_code == 200
    assert set(aether.children()) == {"mongod", "valkey", "simulator", "worker-1"}
    worker = psutil.Process(aether.children()["worker-1"])
    assert worker.environ()["MALLOC_MMAP_THRESHOLD_"], "glibc would keep what password hashes need"
    for line in ("MongoDB  6.", "Redis    ", "SIMULATED", "admin@example.org with the password generated password"):
        assert line in aether.output
    assert str(aether.data / "mongo") in aether.output
    assert await aether.stop() == 0
    assert processes_of(aether.data) == []
    assert aether.children() == {}


async def test_what_is_stored_is_private(launch: Launches) -> None:
    aether = launch()
    await aether.ready()
    await aether.stop()
    assert stat.S_IMODE(aether.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((aether.data / "secret_key").stat().st_mode) == 0o600
    assert len((aether.data / "secret_key").read_text()) >= 32


async def test_the_next_start_finds_data_and_key(launch: Launches) -> None:
    first = launch()
    await first.ready()
    with _mongo(first) as mongo:
        mongo.kept.items.insert_one({"_id": 1})
    key = (first.data / "secret_key").read_text()
    await first.stop()

    second = launch()
    await second.ready()
    with _mongo(second) as mongo:
        assert mongo.kept.items.count_documents({}) == 1
    assert (second.data / "secret_key").read_text() == key
    assert await second.stop() == 0


async def test_orphans_of_a_killed_launcher_are_ended(launch: Launches, client: httpx.AsyncClient) -> None:
    first = launch(AETHER_WORKERS="2")
    url = await first.ready()
    first.kill()
    orphans = [psutil.Process(pid) for pid in first.children().values()]
    assert len(orphans) == 5
    assert all(orphan.is_running() for orphan in orphans)

    second = launch(AETHER_PORT=url.rpartition(":")[2])
    assert await second.ready() == url
    assert not any(orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE for orphan in orphans)
    assert (await client.get(url + READY)).status_code == 200
    assert await second.stop() == 0
    assert processes_of(second.data) == []


async def test_a_taken_port_is_named(launch: Launches) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        aether = launch(AETHER_PORT=str(other.getsockname()[1]))
        assert await aether.ended() == 1
    assert "another process listens there" in aether.output
    assert "AETHER_PORT" in aether.output
    assert processes_of(aether.data) == []


async def test_two_launchers_never_share_a_data_directory(launch: Launches, client: httpx.AsyncClient) -> None:
    first = launch()
    url = await first.ready()
    second = launch(folder="second", AETHER_DATA_DIR=str(first.data))
    assert await second.ended() == 1
    assert f"already runs on the data directory {first.data}" in second.output
    assert (await client.get(url + READY)).status_code == 200
    assert await first.stop() == 0


async def test_ctrl_c_lets_requests_finish(launch: Launches, client: httpx.AsyncClient) -> None:
    aether = launch(STANDIN_HOLD="2")
    url = await aether.ready()
    request = asyncio.create_task(client.get(url + "/hold"))
    await eventually(lambda: "holding" in aether.output)
    aether.signal_group(signal.SIGINT)
    assert (await request).text == "held to the end"
    assert "worker told to end" in aether.output
    assert await aether.ended() == 0
    assert processes_of(aether.data) == []


async def test_a_drain_has_an_end(launch: Launches, client: httpx.AsyncClient) -> None:
    aether = launch(STANDIN_HOLD="600", AETHER_DRAIN="0.2")
    url = await aether.ready()
    request = asyncio.create_task(client.get(url + "/hold"))
    await eventually(lambda: "holding" in aether.output)
    assert await aether.stop() == 0
    with pytest.raises(httpx.HTTPError):
        (await request).raise_for_status()
    assert processes_of(aether.data) == []


async def test_a_second_ctrl_c_hastens(launch: Launches, client: httpx.AsyncClient) -> None:
    aether = launch(STANDIN_HOLD="600", AETHER_DRAIN="600")
    url = await aether.ready()
    request = asyncio.create_task(client.get(url + "/hold"))
    await eventually(lambda: "holding" in aether.output)
    aether.signal_group(signal.SIGINT)
    await eventually(lambda: "stopping" in aether.output)
    for _ in range(20):  # a person who keeps pressing: those of the first second are one wish
        aether.signal_group(signal.SIGINT)
        if await _ended_within(aether, 1.0):
            break
    assert await aether.ended(0.1) == 0
    with pytest.raises(httpx.HTTPError):
        await request
    assert processes_of(aether.data) == []


async def test_a_signal_during_the_start_leaves_nothing(launch: Launches) -> None:
    aether = launch()
    await eventually(lambda: (aether.data / "run" / "mongod.json").exists(), 30)
    assert await aether.stop() == 0
    assert "Aether runs at" not in aether.output
    assert processes_of(aether.data) == []


async def test_a_dead_worker_is_replaced(launch: Launches, client: httpx.AsyncClient) -> None:
    aether = launch()
    url = await aether.ready()
    first = int((await client.get(url + READY)).text)
    psutil.Process(first).kill()
    # the launcher holds the socket: a request meanwhile waits instead of being refused
    async with httpx.AsyncClient(timeout=30) as other:
        assert int((await other.get(url + READY)).text) != first
    assert await aether.stop() == 0


@pytest.mark.parametrize("name", ["mongod", "valkey", "simulator"])
async def test_a_dead_server_is_started_again_on_its_port(launch: Launches, name: str) -> None:
    aether = launch()
    await aether.ready()
    before = psutil.Process(aether.children()[name])
    port = before.net_connections()[0].laddr.port
    before.kill()

    def listens_again() -> bool:
        try:
            pid = aether.children().get(name, before.pid)
            return pid != before.pid and any(c.laddr.port == port for c in psutil.Process(pid).net_connections())
        except psutil.NoSuchProcess:  # its record is about to be replaced
            return False

    await eventually(listens_again, 30)
    assert await aether.stop() == 0
    assert processes_of(aether.data) == []


async def test_a_worker_that_cannot_start_ends_the_start(launch: Launches) -> None:
    aether = launch(STANDIN_BROKEN="1")
    assert await aether.ended() == 1
    assert "this worker cannot start" in aether.output
    assert "a worker ended while it started" in aether.output
    assert processes_of(aether.data) == []


async def test_a_mongod_that_cannot_run_is_passed_over(
    launch: Launches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "mongod"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\necho 'error while loading shared libraries: libcurl.so.4: no such file' >&2\nexit 127\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    aether = launch()
    await aether.ready()
    assert "mongod" in aether.children()
    assert await aether.stop() == 0


async def test_a_database_in_memory_says_that_it_keeps_nothing(launch: Launches) -> None:
    aether = launch(MONGO_URL="memory://")
    await aether.ready()
    assert "KEEPS NOTHING" in aether.output
    assert "mongod" not in aether.children()
    assert await aether.stop() == 0


async def test_an_unusable_data_directory_is_named(launch: Launches, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    aether = launch()
    assert await aether.ended() == 1
    assert "AETHER_DATA_DIR" in aether.output
    assert "Traceback" not in aether.output


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("AETHER_WORKERS", "many", "AETHER_WORKERS"),
        ("AETHER_LIMIT_CHAT", "secret-looking-value", "AETHER_LIMIT_CHAT: expected a limit"),
        ("AETHER_ENV", "production", "AETHER_SECRET_KEY"),
    ],
)
async def test_a_wrong_setting_is_named_without_its_value(
    launch: Launches, setting: str, value: str, said: str
) -> None:
    aether = launch(**{setting: value})
    assert await aether.ended() == 1
    assert said in aether.output
    assert "secret-looking-value" not in aether.output
    assert "Traceback" not in aether.output


async def _ended_within(aether: Launched, seconds: float) -> bool:
    try:
        await aether.ended(seconds)
    except TimeoutError:
        return False
    return True


def _mongo(aether: Launched) -> pymongo.MongoClient[dict[str, Any]]:
    port = (aether.data / "run" / "mongod.port").read_text()
    return pymongo.MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true")
