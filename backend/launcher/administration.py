"""What only whoever has a shell on the machine may do: make an administrator, replace what was lost."""

import argparse
import asyncio
import getpass
import secrets
import sys
from collections.abc import Sequence

from pydantic import SecretStr, ValidationError

from backend.config import Settings
from backend.domain.audit import SHELL, AuditAction
from backend.domain.users import User
from backend.errors import AetherError, NotFound, WeakPassword
from backend.launcher.secret_key import stored_secret_key
from backend.services.embedded import DataLayout, StartError, running_mongo_url, running_redis_url
from backend.services.logs import configure_logging
from backend.wiring.administration import Administration, administer

GENERATED_BYTES = 15
NOT_RUNNING = "Aether does not run on {}, and MONGO_URL and REDIS_URL are not both set: start it first."


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where it was done, 1 where not: the reason is on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        settings = _resolved(Settings())
        configure_logging("error")
        asyncio.run(_run(asked, settings))
    except ValidationError as error:
        return _refuse("; ".join(problem["msg"] for problem in error.errors()))
    except WeakPassword as error:
        return _refuse(" ".join((error.detail, *error.suggestions)))
    except AetherError as error:
        return _refuse(error.detail)
    except StartError as error:
        return _refuse(str(error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/admin", description="Administers a running Aether from its machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("create-admin", "makes an administrator; an account that has the address becomes one and keeps its password"),
        ("reset-password", "replaces the password of an account and ends all of its sign-ins"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("email")
        command.add_argument("--generate", action="store_true", help="makes a password and prints it")
    text = "removes the second factor of an account whose owner has lost it, and ends all of its sign-ins"
    commands.add_parser("disable-mfa", help=text, description=text).add_argument("email")
    return parser


def _resolved(settings: Settings) -> Settings:
    """With the addresses of the embedded servers, which run beside this script."""
    mongo_url = settings.mongo_url.get_secret_value() or running_mongo_url(settings.data_dir)
    redis_url = settings.redis_url.get_secret_value() or running_redis_url(settings.data_dir)
    if not mongo_url or not redis_url or settings.in_memory:
        raise StartError(NOT_RUNNING.format(settings.data_dir))
    found = {"mongo_url": SecretStr(mongo_url), "redis_url": SecretStr(redis_url)}
    if not settings.secret_key.get_secret_value():
        found["secret_key"] = stored_secret_key(DataLayout(settings.data_dir.absolute()))
    return settings.model_copy(update=found)


async def _run(asked: argparse.Namespace, settings: Settings) -> None:
    async with administer(settings) as administration:
        if asked.command == "disable-mfa":
            sys.stdout.write(f"{await _disable_mfa(administration, asked.email)}\n")
            return
        password = secrets.token_urlsafe(GENERATED_BYTES) if asked.generate else _ask_for_password()
        act = _create_admin if asked.command == "create-admin" else _reset_password
        replaced, text = await act(administration, asked.email, password)
    if asked.generate and replaced:
        text = f"{text} Password: {password}"
    sys.stdout.write(f"{text}\n")


async def _create_admin(administration: Administration, email: str, password: str) -> tuple[bool, str]:
    """Whether the password is the account's now, and what to say."""
    password_hash = await administration.identity.hash_new_password(password, email)
    created = await administration.administrators.ensure_admin(email, password_hash)
    user = await administration.users.by_email(email)
    await administration.audit.record(
        AuditAction.ROLE_CHANGED, user_id=user.id if user else None, actor_id=SHELL, role="admin", created=str(created)
    )
    if created:
        return True, "The administrator can sign in."
    return False, "The account is an administrator's from its next refresh on, and keeps its password."


async def _account(administration: Administration, email: str) -> User:
    user = await administration.users.by_email(email)
    if user is None:
        raise NotFound("There is no account with this address.")
    return user


async def _disable_mfa(administration: Administration, email: str) -> str:
    if await administration.second_factor.remove_lost(await _account(administration, email)):
        return "The second factor is removed, and every sign-in of the account has ended."
    return "The account has no second factor."


async def _reset_password(administration: Administration, email: str, password: str) -> tuple[bool, str]:
    user = await _account(administration, email)
    password_hash = await administration.identity.hash_new_password(password, user.email, user.name)
    await administration.identity.replace_password(user.id, password_hash)
    await administration.users.set_verified(user.id)
    await administration.audit.record(AuditAction.PASSWORD_RESET, user_id=user.id, actor_id=SHELL)
    return True, "The password is replaced, and every sign-in of the account has ended."


def _ask_for_password() -> str:
    """From the terminal, unseen; where there is none, the first line of the input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != password:
        raise StartError("The two passwords differ: nothing was changed.")
    return password


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
