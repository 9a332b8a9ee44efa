"""Why an embedded server did not start: every message says what a person can do about it."""

import re
from pathlib import Path

LIBRARY_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libatomic.so.1": "libatomic1",
    "libresolv.so.2": "libc6",
}
"""Shared library -> Debian and Ubuntu package, for what mongod and Valkey are linked against."""

MISSING_LIBRARY = re.compile(r"error while loading shared libraries: ([^\s:]+)")
OLD_SYSTEM = re.compile(r"version [`']([A-Z]+_[\d.]+)' not found")
TAIL_CHARACTERS = 64_000

ADVICE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"No space left on device"), "the disk of {data} is full: free some space"),
    (
        re.compile(r"DBPathInUse|Unable to lock the lock file"),
        "another mongod uses {data}: stop it, or set AETHER_DATA_DIR to another folder",
    ),
    (
        re.compile(
            r"UPGRADE PROBLEM|Wrong mongod version|featureCompatibilityVersion.{0,200}(?:invalid|not supported)"
        ),
        "{data} was written by another version of MongoDB: start with that mongod on PATH, "
        "or set AETHER_DATA_DIR to another folder",
    ),
    (
        re.compile(r"WT_PANIC|WT_TRY_SALVAGE|[Dd]etected corruption|read checksum error|Fatal assertion"),
        "{data} is damaged: put a backup in its place, try `mongod --repair --dbpath {data}`, "
        "or move it away to start empty",
    ),
    (
        re.compile(
            r"[Bb]ad file format reading the append only file|AOF .{0,80}(?:is missing|manifest)|Wrong signature"
        ),
        "{data} is damaged: move it away to start empty (it holds caches, limits and running streams only)",
    ),
    (
        re.compile(r"Permission denied|[Rr]ead-only (?:file system|directory)"),
        "{data} cannot be written: give it to the user that starts Aether, or set AETHER_DATA_DIR to another folder",
    ),
)
ADDRESS_IN_USE = re.compile(r"[Aa]ddress already in use")


class StartError(Exception):
    """An embedded server did not start. The message is for the person who started Aether."""


class BinaryDoesNotRunError(StartError):
    """The executable cannot run on this machine; another one may."""


class PortTakenError(StartError):
    """Somebody took the port between its choice and its use."""


def explain(name: str, data: Path, output: str, returncode: int | None) -> StartError:
    """The error for a server that ended with `returncode` after it wrote `output`."""
    output = output[-TAIL_CHARACTERS:]
    if library := MISSING_LIBRARY.search(output):
        return BinaryDoesNotRunError(f"{name} needs {library[1]}, which is missing. {_how_to_install(library[1])}")
    if version := OLD_SYSTEM.search(output):
        return BinaryDoesNotRunError(
            f"{name} needs {version[1]}, and this system is older: use Debian 12, Ubuntu 22.04 or newer."
        )
    if ADDRESS_IN_USE.search(output):
        return PortTakenError(f"{name} found its port taken by another process")
    for pattern, advice in ADVICE:
        if pattern.search(output):
            return StartError(f"{name} did not start: {advice.format(data=data)}.")
    last_lines = "\n".join(output.splitlines()[-5:])
    return StartError(f"{name} ended at its start with code {returncode}. Its last lines were:\n{last_lines}")


def _how_to_install(library: str) -> str:
    package = LIBRARY_PACKAGES.get(library)
    if package is None:
        return f"Find its package with `apt-file search {library}` and install it."
    return f"Install it: sudo apt-get install {package}"
