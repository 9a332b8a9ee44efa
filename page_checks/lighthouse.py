"""Lighthouse on the main pages of the built page, signed in: accessibility and best practices are asserted.

Lighthouse comes from npm, into page_checks/lighthouse/node_modules, at its first use.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from page_checks.demonstration import ADMIN_EMAIL, Demonstration, demonstration
from scripts.page import find_node
from tests.support.browsing import browser_arguments, chromium, enter

FOLDER = Path(__file__).with_name("lighthouse")
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = {"accessibility": 95, "best-practices": 95}
INSTALL_S, RUN_S = 600, 180
LOAD_MS = 15_000
"""The page listens for updates as long as it is open, so its network is never idle."""
SIGN_IN = "/#/sign-in"
PAGES = ("/", "/#/c/{conversation}", "/#/account/usage", "/admin", "/admin#/users")

Scores = dict[str, int]


def node() -> tuple[str, str]:
    """The programs node and npm, as the page's build finds them."""
    found = find_node()
    return str(found.program), str(found.npm)


def install(program: str, npm: str) -> None:
    if not (FOLDER / "node_modules" / ".package-lock.json").is_file():
        command = (program, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run(command, cwd=FOLDER, check=True, timeout=INSTALL_S)  # noqa: S603


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def measure(program: str, url: str, port: int) -> Scores:
    """One page, in the browser at this port, with its sign-in. Scores are 0 to 100."""
    flags = [f"--port={port}", "--disable-storage-reset", "--preset=desktop", "--quiet", "--output=json"]
    flags += ["--no-enable-error-reporting", f"--max-wait-for-load={LOAD_MS}"]
    flags += [f"--only-categories={','.join(CATEGORIES)}"]
    command = (program, str(FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"), url, *flags)
    finished = subprocess.run(  # noqa: S603
        command, cwd=FOLDER, capture_output=True, text=True, timeout=RUN_S, check=True, env=os.environ
    )
    report: dict[str, Any] = json.loads(finished.stdout)
    for audit in (report["audits"][ref["id"]] for name in LEAST for ref in report["categories"][name]["auditRefs"]):
        if audit["score"] == 0:
            print(f"  {url}: {audit['id']}: {audit['title']}", file=sys.stderr)
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


async def measure_all(site: Demonstration, program: str) -> dict[str, Scores]:
    browser = chromium()
    assert browser is not None, "There is no chromium: apt-get install chromium"
    port, found = free_port(), {}
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as playwright:
            arguments = [*browser_arguments(), f"--remote-debugging-port={port}"]
            context = await playwright.chromium.launch_persistent_context(
                profile, executable_path=browser, args=arguments, base_url=site.url
            )
            found[SIGN_IN] = await asyncio.to_thread(measure, program, site.url + SIGN_IN, port)
            page = await context.new_page()
            await enter(page, ADMIN_EMAIL, site.password)
            await page.close()
            for path in PAGES:
                url = site.url + path.format(conversation=site.conversation)
                found[path] = await asyncio.to_thread(measure, program, url, port)
            await context.close()
    return found


async def main() -> int:
    """Prints a table. The exit code is 1 where a score is too low."""
    program, npm = node()
    install(program, npm)
    async with demonstration() as site:
        found = await measure_all(site, program)
    print(f"| page | {' | '.join(CATEGORIES)} |\n| --- |{' ---: |' * len(CATEGORIES)}")
    for path, scores in found.items():
        print(f"| `{path}` | {' | '.join(str(scores[name]) for name in CATEGORIES)} |")
    low = [path for path, scores in found.items() for name, least in LEAST.items() if scores[name] < least]
    if low:
        print(f"Too low: {', '.join(sorted(set(low)))}", file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
