"""Peers: what cannot be installed or does not answer is told with its reason, and nothing of it keeps running."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmark.bench import Bench
from benchmark.cores import available_cores
from benchmark.errors import Unavailable
from benchmark.load import Requests
from benchmark.peers import install, registry
from benchmark.peers.install import python_environment
from benchmark.peers.peer import Peer, first_answer
from benchmark.processes import started
from benchmark.simulator import Simulator


@asynccontextmanager
async def absent(bench: Bench, upstream: Simulator, message: str) -> AsyncIterator[Peer]:
    raise Unavailable("npm cannot be reached")
    yield


@asynccontextmanager
async def present(bench: Bench, upstream: Simulator, message: str) -> AsyncIterator[Peer]:
    yield Peer("Here", "1.0", Requests(upstream.url, message), [])


async def test_who_cannot_take_part_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "PEERS", {"Away": absent, "Here": present})
    async with started("upstream", ["sleep", "600"], folder=tmp_path, cwd=tmp_path, environment={}) as process:
        bench = Bench(tmp_path, cores=available_cores())
        async with registry.running_peers(bench, Simulator("http://127.0.0.1:1", process), "a message") as peers:
            assert [peer.name for peer in peers.running] == ["Here"]
            assert peers.away == {"Away": "npm cannot be reached"}
    assert bench.versions == {"Here": "1.0"}


async def test_a_peer_that_ends_instead_of_answering_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-c", "print('no configuration')"]
    async with started("peer", command, folder=tmp_path, cwd=tmp_path, environment={}) as process:
        await process.process.wait()
        with pytest.raises(Unavailable, match="no configuration"):
            await first_answer(process, Requests("http://127.0.0.1:1/", "{}"))


async def test_what_cannot_be_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "FOLDER", tmp_path)
    monkeypatch.setattr(install, "sys", type("System", (), {"executable": "false", "stderr": sys.stderr}))
    with pytest.raises(Unavailable, match="something cannot be installed"):
        await python_environment("something", "something==1")
    assert not (tmp_path / "something" / "installed").exists()


async def test_what_is_installed_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "FOLDER", tmp_path)
    (tmp_path / "something").mkdir()
    (tmp_path / "something" / "installed").write_text("something==1")
    assert await python_environment("something", "something==1") == tmp_path / "something" / "bin"
