"""A real OpenID provider on loopback, and a browser that signs in there."""

import fcntl
import json
import secrets
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

HERE = Path(__file__).parent
PROGRAM = HERE / "canaille_program.py"
REQUIREMENTS = HERE / "canaille-requirements.txt"
ENVIRONMENT = HERE.parents[1] / ".venv" / "canaille"
INSTALLED = "installed.txt"

PUBLIC_URL = "http://aether.example"
REDIRECT_URI = f"{PUBLIC_URL}/api/auth/oidc/callback"
CLIENT_ID = "aether"
PASSWORD = "password at the provider"
START_S, STOP_S = 60, 10
STEPS = 12
NAMES = 20


@dataclass(frozen=True, slots=True)
class Provider:
    """users: names that no test has used yet; each has the address name@example.com."""

    issuer: str
    client_secret: str
    users: Iterator[str]
    unverified: Iterator[str]

    def settings(self) -> dict[str, Any]:
        """Fields of Settings."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": self.client_secret,
            "oidc_scopes": "openid email profile groups",
            "public_url": PUBLIC_URL,
        }


@contextmanager
def canaille() -> Iterator[Provider]:
    """In a process of its own, which ends with this one."""
    verified, unverified = ([f"{kind}{number}" for number in range(NAMES)] for kind in ("vera", "uma"))
    users = [
        {"name": name, "email": f"{name}@example.com", "verified": name in verified, "password": PASSWORD}
        for name in (*verified, *unverified)
    ]
    with TemporaryDirectory(prefix="aether-canaille-") as folder:
        wanted = {
            "secret_key": secrets.token_urlsafe(32),
            "redirect_uri": REDIRECT_URI,
            "client_id": CLIENT_ID,
            "client_secret": secrets.token_urlsafe(24),
            "folder": folder,
            "users": users,
        }
        with running(wanted) as url:
            yield Provider(url, str(wanted["client_secret"]), iter(verified), iter(unverified))


@contextmanager
def running(wanted: dict[str, Any]) -> Iterator[str]:
    """Its URL, as soon as it answers."""
    python = environment_of_canaille()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [python, "-I", PROGRAM, str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(wanted | {"port": port}).encode() + b"\n")
        process.stdin.flush()
        url = f"http://127.0.0.1:{port}"
        # The socket listens already: whoever connects waits until it answers.
        httpx.get(f"{url}/.well-known/openid-configuration", timeout=START_S).raise_for_status()
        yield url
    finally:
        process.stdin.close()
        process.wait(STOP_S)


def environment_of_canaille() -> Path:
    """Its Python. Installs it at first use, in .venv/canaille, whoever of several comes first."""
    ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    python = ENVIRONMENT / "bin" / "python"
    wanted = f"{sys.version}\n{REQUIREMENTS.read_text()}"
    with (ENVIRONMENT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = ENVIRONMENT / INSTALLED
        if not installed.exists() or installed.read_text() != wanted:
            venv.create(ENVIRONMENT, with_pip=True)
            command: list[str | Path] = [
                python,
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "-r",
                REQUIREMENTS,
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            installed.write_text(wanted)
    return python


class Form(HTMLParser):
    """The first form of a page that is posted: where to, and its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form" and self.action is None and (found.get("method") or "").lower() == "post":
            self.action, self._inside = found.get("action") or "", True
        elif tag == "input" and self._inside and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class ProviderPages:
    """What somebody sees at the provider: fills in its forms until it sends them back."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=30)

    async def close(self) -> None:
        await self._client.aclose()

    async def sign_in(self, url: str, name: str, *, accept: bool = True) -> str:
        """Where the provider sends the browser in the end."""
        response = await self._client.get(url)
        for _ in range(STEPS):
            if response.is_redirect:
                location = urljoin(str(response.url), response.headers["location"])
                if urlsplit(location).netloc != urlsplit(url).netloc:
                    return location
                response = await self._client.get(location)
                continue
            form = Form(response.text)
            assert form.action is not None, response.text
            answers = {"login": name, "password": PASSWORD}
            fields = form.fields | {field: answers[field] for field in form.fields if field in answers}
            fields["answer"] = "accept" if accept else "deny"
            response = await self._client.post(urljoin(str(response.url), form.action), data=fields)
        raise AssertionError(f"the provider asks for more and more: {response.text}")
