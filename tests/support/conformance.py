"""Schemathesis over the OpenAPI document of a running server, with ids of objects that the caller has."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.access import ACCESS, make_objects
from tests.support.application import Account, Served, log_lines
from tests.support.openapi import Operation, operations

CONFIGURATION = Path(__file__).parents[1] / "api" / "schemathesis.toml"
RUN_S = 100.0
OWN_OBJECT = 0.5
"""How often an id is that of an object of the caller's."""


async def operations_of(served: Served) -> list[Operation]:
    return list(operations((await served.client.get("/openapi.json")).json()))


async def explore(
    served: Served, account: Account, folder: Path, chosen: set[str], *options: str, maker: Served | None = None
) -> None:
    """Calls these operations (ids) in many ways. Fails with the report where an answer is not as documented.

    maker: makes the account's objects, where limits would keep the explored server from it.
    """
    found = await operations_of(served)
    bodies = {operation.id: set(operation.fields or ()) for operation in found}
    configuration = folder / "schemathesis.toml"
    objects = await make_objects(maker or served, account)
    configuration.write_text("\n".join([CONFIGURATION.read_text(), *_own(objects, bodies)]))
    skipped = [f"--exclude-operation-id={operation.id}" for operation in found if operation.id not in chosen]
    address = f"{str(served.client.base_url).rstrip('/')}/openapi.json"
    token = f"Authorization: {account.headers['Authorization']}"
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run", address),
        *("--no-color", "--warnings", "off", "-H", token, *options, *skipped),
        env={"PATH": os.environ["PATH"]},
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        async with asyncio.timeout(RUN_S):
            report, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
    assert running.returncode == 0, report.decode()


def _own(objects: dict[str, str], bodies: dict[str, set[str]]) -> Iterator[str]:
    """The configuration that binds each parameter and field that names a user's object to one of the caller's."""
    for kind, identifier in objects.items():
        yield f"[dictionaries.{kind.replace(' ', '_')}]\nvalues = [{json.dumps(identifier)}]"
    for operation, access in ACCESS.items():
        if access.owned:
            yield f'[[operations]]\ninclude-operation-id = "{operation}"\n[operations.parameters]'
        for name, kind in access.owned.items():
            place = "body" if name in bodies[operation] else "path"
            yield f'"{place}.{name}" = {{ dictionary = "{kind.replace(" ", "_")}", probability = {OWN_OBJECT} }}'


def answers(served: Served) -> Counter[tuple[str, int]]:
    """(route, status) of all requests so far, from the worker's log."""
    assert served.log is not None
    lines = (line for line in log_lines(served.log) if line["event"] == "request")
    return Counter((line["route"], line["status"]) for line in lines)
