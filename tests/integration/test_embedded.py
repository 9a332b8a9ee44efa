"""The embedded servers: what they offer, what they keep, and what they say when they cannot start."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
import redis

from backend.services.embedded import BinaryDoesNotRunError, StartError, running_mongo_url, start_mongod, start_valkey
from backend.services.embedded.binaries import valkey_binaries
from backend.services.embedded.server import EmbeddedServer, free_port

Client = pymongo.MongoClient[dict[str, Any]]


@pytest.fixture
async def mongod(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    server = await start_mongod(tmp_path, cache_gb=0.25, oplog_mb=64)
    yield server
    await server.stop()


def test_mongod_has_transactions_change_streams_and_retryable_writes(mongo_url: str, database_name: str) -> None:
    with Client(mongo_url, retryWrites=True) as client, client[database_name].items.watch() as changes:
        with client.start_session() as session, session.start_transaction():
            client[database_name].items.insert_one({"_id": 1}, session=session)
            client[database_name].items.insert_one({"_id": 2}, session=session)
        seen = [changes.next()["documentKey"]["_id"] for _ in range(2)]
    assert seen == [1, 2]


def test_fail_points_are_enabled(mongo_url: str) -> None:
    with Client(mongo_url) as client:
        assert client.admin.command("configureFailPoint", "failCommand", mode="off")["ok"] == 1


def test_valkey_keeps_to_its_memory_and_policy(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.config_get("maxmemory", "maxmemory-policy", "appendonly", "bind") == {
            "maxmemory": str(128 * 1024 * 1024),
            "maxmemory-policy": "volatile-lru",
            "appendonly": "yes",
            "bind": "127.0.0.1",
        }


async def test_data_survive_a_move_to_another_port(mongod: EmbeddedServer, tmp_path: Path) -> None:
    with Client(mongod.url) as client:
        client.kept.items.insert_one({"_id": 1})
    await mongod.stop()
    moved = await start_mongod(tmp_path, port=free_port())
    try:
        assert moved.port != mongod.port
        with Client(moved.url) as client, client.start_session() as session, session.start_transaction():
            assert client.kept.items.find_one(session=session) == {"_id": 1}
            client.kept.items.insert_one({"_id": 2}, session=session)
    finally:
        await moved.stop()


async def test_scripts_find_the_server_that_runs(mongod: EmbeddedServer, tmp_path: Path) -> None:
    assert running_mongo_url(tmp_path) == mongod.url
    await mongod.stop()
    assert running_mongo_url(tmp_path) is None


async def test_acknowledged_writes_survive_a_kill(mongod: EmbeddedServer, tmp_path: Path) -> None:
    with Client(mongod.url, w="majority", journal=True) as client:
        client.kept.items.insert_one({"_id": 1})
    psutil.Process(mongod.pid).kill()
    await mongod.wait()
    restarted = await start_mongod(tmp_path)
    try:
        assert restarted.port == mongod.port
        with Client(restarted.url) as client:
            assert client.kept.items.count_documents({}) == 1
    finally:
        await restarted.stop()


async def test_valkey_keeps_its_keys(tmp_path: Path) -> None:
    for expected in (None, b"kept"):
        server = await start_valkey(tmp_path)
        with redis.Redis.from_url(server.url) as client:
            assert client.get("key") == expected
            client.set("key", "kept")
        await server.stop()


async def test_nobody_else_can_read_the_data(mongod: EmbeddedServer, tmp_path: Path) -> None:
    for path in (mongod.data, tmp_path / "log", tmp_path / "run"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "log" / "mongod.log").stat().st_mode) == 0o600


async def test_a_second_mongod_on_the_same_data_says_so(mongod: EmbeddedServer, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"another mongod uses .*AETHER_DATA_DIR"):
        await start_mongod(tmp_path)


async def test_damaged_data_are_named(mongod: EmbeddedServer, tmp_path: Path) -> None:
    await mongod.stop()
    (mongod.data / "WiredTiger.turtle").write_text("nonsense")
    (mongod.data / "WiredTiger.wt").write_text("nonsense")
    with pytest.raises(StartError, match=r"is damaged: .*backup"):
        await start_mongod(tmp_path)


async def test_a_damaged_append_only_file_is_named(tmp_path: Path) -> None:
    await (await start_valkey(tmp_path)).stop()
    (tmp_path / "valkey" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(StartError, match="is damaged: move it away"):
        await start_valkey(tmp_path)


async def test_a_binary_without_its_library_names_the_package(tmp_path: Path) -> None:
    fake = _script(
        tmp_path / "mongod",
        'echo "mongod: error while loading shared libraries: libcurl.so.4: cannot open it" >&2; exit 127',
    )
    with pytest.raises(BinaryDoesNotRunError, match=r"(?s)apt-get install libcurl4.*MONGO_URL=memory://"):
        await start_mongod(tmp_path / "data", binaries=[fake])


async def test_a_binary_of_another_machine_is_passed_over(tmp_path: Path) -> None:
    fake = tmp_path / "valkey-server"
    fake.write_bytes(b"\x7fELF nothing that runs")
    fake.chmod(0o755)
    with pytest.raises(BinaryDoesNotRunError, match="cannot be executed"):
        await start_valkey(tmp_path / "data", binaries=[fake])
    server = await start_valkey(tmp_path / "data", binaries=[fake, *valkey_binaries()])
    await server.stop()


async def test_a_server_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    fake = _script(tmp_path / "mongod", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    with pytest.raises(StartError, match="did not answer within"):
        await start_mongod(tmp_path / "data", binaries=[fake], deadline_s=0.5)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


async def test_a_cancelled_start_leaves_no_process(tmp_path: Path) -> None:
    starting = asyncio.create_task(start_mongod(tmp_path))
    record = tmp_path / "run" / "mongod.json"
    async with asyncio.timeout(10):
        while not record.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not any(str(tmp_path) in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    assert not record.exists()


async def test_an_unusable_data_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StartError, match="AETHER_DATA_DIR"):
        await start_mongod(tmp_path / "data")


def _script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_mongod_logs_no_values_however_slow_a_command_is(mongod: EmbeddedServer, tmp_path: Path) -> None:
    """By itself it logs each slow command whole, with everything that is written or asked for."""
    with Client(mongod.url) as client:
        client.admin.command("profile", 0, slowms=-1)  # everything is slow
        client.test.items.insert_one({"_id": "zebra"})
        client.test.items.update_one({"_id": "zebra"}, {"$set": {"text": "zebra"}})
        assert client.test.items.find_one({"text": "zebra"}) is not None
    logs = [path.read_text() for path in tmp_path.rglob("*.log")]
    assert logs
    assert not any("zebra" in log for log in logs)
