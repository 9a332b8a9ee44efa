"""Canaille, an OpenID provider from PyPI, with what tests need: `python -I canaille_program.py FD`.

FD: a listening socket. The first line of standard input: JSON, {"port", "secret_key", "redirect_uri", "client_id",
"client_secret", "folder", "users": [{"name", "email", "verified", "password"}]}. It keeps what it has in the
folder, and ends when standard input does. It runs in an environment of its own and imports nothing of this repository.
"""

import datetime
import json
import os
import secrets
import sys
import threading
from typing import Any

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from canaille.oidc.provider import authorization
from flask import Flask
from werkzeug.serving import make_server

QUICK = {"pbkdf2_sha512__rounds": 1000}
VERIFIED = "{% if user.organization == 'verified' %}true{% endif %}"


def application(wanted: dict[str, Any]) -> Flask:
    server = f"127.0.0.1:{wanted['port']}"
    app = create_app(
        {
            "SECRET_KEY": wanted["secret_key"],
            "SERVER_NAME": server,
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "sql", "ENABLE_INTRUDER_LOCKOUT": False},
            # Its database in memory finds rows that fit one of several conditions instead of all.
            "CANAILLE_SQL": {
                "DATABASE_URI": f"sqlite:///{wanted['folder']}/canaille.sqlite",
                "PASSWORD_HASH_PARAMS": QUICK,
            },
            # No client is trusted: each asks its users for consent.
            "CANAILLE_OIDC": {"TRUSTED_DOMAINS": []},
        }
    )
    app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = VERIFIED
    # As it makes access tokens, two of one user in one second are the same, and its database refuses the second.
    authorization._token_generators["default"].access_token_generator = lambda **_: secrets.token_urlsafe(32)
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
