"""The workers' metrics live in memory, and nothing of them is left behind or taken from another server."""

import shutil
from pathlib import Path

import pytest

from backend.launcher.metrics_folder import make_metrics_folder, remove_metrics_folder


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    folder = tmp_path / "memory"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "run"
    folder.mkdir(parents=True)
    return folder


def test_it_is_private_in_memory_and_empty_at_each_start(memory: Path, run: Path) -> None:
    path = run / "prometheus"
    make_metrics_folder(path, memory)
    assert path.resolve().parent == memory
    assert path.stat().st_mode & 0o777 == 0o700
    (path / "counter_1.db").touch()
    make_metrics_folder(path, memory)
    assert list(path.glob("*.db")) == []
    assert len(list(memory.iterdir())) == 1
    remove_metrics_folder(path)
    assert list(memory.iterdir()) == list(run.iterdir()) == []


def test_a_copied_data_directory_leaves_the_originals_metrics_alone(memory: Path, run: Path, tmp_path: Path) -> None:
    make_metrics_folder(run / "prometheus", memory)
    (run / "prometheus" / "counter_1.db").touch()
    shutil.copytree(run, tmp_path / "copy", symlinks=True)
    make_metrics_folder(tmp_path / "copy" / "prometheus", memory)
    assert (run / "prometheus" / "counter_1.db").exists()
    assert list((tmp_path / "copy" / "prometheus").glob("*.db")) == []


def test_without_shared_memory_it_is_a_folder_and_one_of_an_older_version_is_replaced(run: Path, memory: Path) -> None:
    path = run / "prometheus"
    make_metrics_folder(path, run / "missing")
    (path / "counter_1.db").touch()
    make_metrics_folder(path, run / "missing")
    assert not path.is_symlink()
    assert list(path.iterdir()) == []
    make_metrics_folder(path, memory)
    assert path.is_symlink()
