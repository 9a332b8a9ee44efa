"""Canaille, an OpenID provider from PyPI, with what tests need: `python -I canaille_program.py FD`.

FD: a listening socket. The first line of standard input: JSON, {"port", "secret_key", "redirect_uri", "client_id",
"client_secret", "users": [{"name", "email", "verified", "password", "groups"}]}. It keeps everything in memory, and
ends when standard input does. It runs in an environment of its own and imports nothing of this repository.
"""

import datetime
import json
import os
import sys
import threading
from typing import Any

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from flask import Flask
from werkzeug.serving import make_server

VERIFIED = "{% if user.organization == 'verified' %}true{% endif %}"


def application(wanted: dict[str, Any]) -> Flask:
    server = f"127.0.0.1:{wanted['port']}"
    app = create_app(
        {
            "SECRET_KEY": wanted["secret_key"],
            "SERVER_NAME": server,
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "ENABLE_INTRUDER_LOCKOUT": False},
            # No client is trusted: each asks its users for consent.
            "CANAILLE_OIDC": {"TRUSTED_DOMAINS": []},
        }
    )
    app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = VERIFIED
    with app.app_context(), Backend.instance.session():
        for row in wanted["users"]:
            add_user(row)
        add_client(wanted)
    return app


def add_user(row: dict[str, Any]) -> None:
    user = models.User(
        user_name=row["name"],
        formatted_name=row["name"].title(),
        given_name=row["name"],
        family_name=row["name"],
        emails=[row["email"]],
        password=row["password"],
        organization="verified" if row["verified"] else "unverified",
    )
    Backend.instance.save(user)
    for name in row["groups"]:
        group = Backend.instance.get(models.Group, display_name=name) or models.Group(display_name=name, members=[])
        group.members = [*group.members, user]
        Backend.instance.save(group)


def add_client(wanted: dict[str, Any]) -> None:
    client = models.Client(
        client_id=wanted["client_id"],
        client_secret=wanted["client_secret"],
        client_id_issued_at=datetime.datetime.now(datetime.UTC),
        client_name="Aether",
        client_uri="https://aether.example",
        redirect_uris=[wanted["redirect_uri"]],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)


def end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    wanted = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_input, daemon=True).start()
    server = make_server("127.0.0.1", wanted["port"], application(wanted), threaded=True, fd=int(sys.argv[1]))
    server.serve_forever()


if __name__ == "__main__":
    main()
