"""The shell scripts on machines that lack something: they say what to install."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "dirname", "cmp", "cp", "mkdir", "touch", "timeout")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout's scripts, and in bin/ the only programs of this machine."""
    shutil.copytree(CHECKOUT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text(f"{name}, some version\n")
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        path = shutil.which(name)
        assert path is not None
        (tmp_path / "bin" / name).symlink_to(path)
    return tmp_path


def test_an_old_python_is_named(machine: Path) -> None:
    _program(machine / "bin" / "python3", '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    result = _run(machine, "start")
    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "Python 3.9.2" in result.stderr


def test_a_missing_venv_module_is_named(machine: Path) -> None:
    _program(machine / "bin" / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    result = _run(machine, "test")
    assert result.returncode == 1
    assert "sudo apt-get install python3-venv" in result.stderr


def test_requirements_are_installed_once_and_after_a_change(machine: Path) -> None:
    _environment(machine)
    assert "-m pip install" in _run(machine, "start").stdout
    assert _run(machine, "start").stdout == "-m backend\n"
    (machine / "requirements.txt").write_text("requirements.txt, another version\n")
    assert "-m pip install" in _run(machine, "start").stdout
    assert _run(machine, "start").stdout == "-m backend\n"


def test_an_interrupted_installation_is_repeated(machine: Path) -> None:
    _environment(machine)
    (machine / "fail").touch()
    assert _run(machine, "start").returncode != 0
    (machine / "fail").unlink()
    assert "-m pip install" in _run(machine, "start").stdout


def test_what_the_tests_need_is_installed_on_top(machine: Path) -> None:
    _environment(machine)
    _run(machine, "start")
    said = _run(machine, "test", "tests/unit").stdout
    assert "--requirement requirements-dev.txt" in said
    assert said.endswith("-m pytest -n 3 --dist worksteal tests/unit\n")


@pytest.mark.parametrize(
    ("said", "answer", "status", "shown"),
    [
        ("No known vulnerabilities found", 0, 0, ""),
        ("Found 2 known vulnerabilities in 1 package", 1, 1, "Found 2 known vulnerabilities in 1 package"),
        ("requests.exceptions.ConnectionError: api.osv.dev", 1, 0, "pip-audit skipped: "),
        ("requests.exceptions.ReadTimeout: api.osv.dev", 1, 0, "pip-audit skipped: "),
        ("", 124, 0, "pip-audit skipped: "),
        ("error: invalid requirement", 1, 1, "error: invalid requirement"),
    ],
)
def test_a_known_vulnerability_fails_the_check_and_a_missing_network_does_not(
    machine: Path, said: str, answer: int, status: int, shown: str
) -> None:
    _environment(machine)
    for name in ("ruff", "mypy", "lint-imports"):
        _program(machine / ".venv" / "bin" / name, "exit 0")
    _program(machine / ".venv" / "bin" / "pip-audit", f'echo "{said}" >&2; exit {answer}')
    result = _run(machine, "check")
    assert result.returncode == status
    assert shown in result.stderr
    told = [line for line in result.stderr.splitlines() if not line.startswith("Installing ")]
    assert bool(told) == bool(shown)


def _environment(machine: Path) -> None:
    """A .venv whose Python only says what it is asked to run; pip install fails where the file `fail` exists."""
    (machine / ".venv" / "bin").mkdir(parents=True)
    _program(
        machine / ".venv" / "bin" / "python",
        """case "$*" in
            -c*) echo python3.11 ;;
            "-m pip --version") ;;
            "-m pip install"*) echo "$@"; [ ! -e fail ] ;;
            *) echo "$@" ;;
        esac""",
    )


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _run(machine: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """From another working directory, with an empty environment but for the machine's programs."""
    command = [str(machine / "scripts" / script), *arguments]
    environment = {"PATH": str(machine / "bin")}
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=30, check=False)
