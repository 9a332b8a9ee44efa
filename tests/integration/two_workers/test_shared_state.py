"""What one worker is told, the other knows: cleared caches, ended sessions, figures."""

import pytest

from tests.servers import SimulatorHandle
from tests.support.api_keys import KEYS, by_key, make_key
from tests.support.chat import Chat
from tests.support.waiting import eventually
from tests.support.workers import Json, Workers

WITHIN_S = 1.0
FLUSHED_S = 20.0
COUNTED_MODEL = "qwen/qwen3.8-27b"


async def test_a_cleared_cache_is_cleared_in_the_other_workers_memory(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, on_b = await workers.user()
    first = await on_a.ask("Remember this for me")
    assert (await on_b.ask("Remember this for me"))["cache"]["layer"] == "l3"
    assert (await on_b.ask("Remember this for me"))["cache"]["layer"] == "l1"
    cleared = await on_a.post("cache/clear")
    assert cleared.status_code == 200

    async def forgotten() -> bool:
        return not (await on_b.ask("Remember this for me"))["cached"]

    await eventually(forgotten, WITHIN_S)
    assert simulator.calls()["started"] == 2
    assert {first["content"]} == {reply["content"] for reply in [await on_a.ask("Remember this for me")]}
    assert simulator.calls()["started"] == 2


async def test_clearing_ones_own_cache_leaves_other_users_answers(workers: Workers) -> None:
    mine, _ = await workers.user()
    theirs_on_a, theirs_on_b = await workers.user()
    await theirs_on_a.ask("Keep this")
    await mine.post("cache/clear")
    assert (await theirs_on_b.ask("Keep this"))["cached"]


@pytest.mark.parametrize("known_there", [True, False])
async def test_an_ended_session_is_refused_by_the_other_worker(workers: Workers, known_there: bool) -> None:
    """known_there: the other worker has verified this token before, and remembers that it did."""
    on_a, on_b = await workers.user()
    headers = on_a.account.headers
    if known_there:
        assert (await workers.b.client.get("/api/auth/me", headers=headers)).status_code == 200
    assert (await workers.a.client.post("/api/auth/logout", headers=headers)).status_code == 204

    async def refused() -> bool:
        return (await workers.b.client.get("/api/auth/me", headers=headers)).status_code == 401

    await eventually(refused, WITHIN_S)
    assert (await on_b.post("chat/optimized", message="Too late")).status_code == 401


async def test_a_revoked_key_is_refused_by_the_other_worker(workers: Workers) -> None:
    on_a, on_b = await workers.user()
    made = await make_key(workers.a, on_a.account)
    by_program = Chat(workers.b, by_key(on_b.account, made["key"]))
    await by_program.ask("With a key")
    revoked = await workers.a.client.delete(f"{KEYS}/{made['id']}", headers=on_a.account.headers)
    assert revoked.status_code == 204

    async def refused() -> bool:
        return (await by_program.post("chat/optimized", message="With a key")).status_code == 401

    await eventually(refused, WITHIN_S)


async def test_the_figures_of_both_workers_add_up_on_either(workers: Workers) -> None:
    on_a, on_b = await workers.user()
    readers = [Chat(worker, await workers.a.admin()) for worker in (workers.a, workers.b)]
    requests, calls = await settled(readers)
    for number in range(3):
        await on_a.ask(f"Counted on a, number {number}", "chat/quick", model=COUNTED_MODEL)
    for number in range(2):
        await on_b.ask(f"Counted on b, number {number}", "chat/quick", model=COUNTED_MODEL)

    async def five_more() -> bool:
        return await settled(readers) == (requests + 5, calls + 5)

    await eventually(five_more, FLUSHED_S)


async def settled(readers: list[Chat]) -> tuple[int, int]:
    """Requests and calls once all of them are stored.

    A worker's dashboard adds what the other has stored to what itself has counted, Prometheus adds what both have
    counted: where all are equal, nothing that an earlier test did is still to be stored.
    """
    found: set[tuple[int, int]] = set()

    async def all_agree() -> bool:
        found.clear()
        for reader in readers:
            found.update((await shown(reader), await scraped(reader)))
        return len(found) == 1

    await eventually(all_agree, FLUSHED_S)
    return found.pop()


async def shown(reader: Chat) -> tuple[int, int]:
    """Requests and calls to the model, on the dashboard."""
    found: Json = (await reader.get("/api/ai/v4/performance/dashboard?window=24h"))["dashboard"]
    assert found["scope"] == "all_workers"
    routes = {row["route"]: row["count"] for row in found["performance_stats"]["by_route"]}
    models = {row["model"]: row["calls"] for row in found["ai_stats"]["by_model"]}
    return routes.get("/api/ai/v4/chat/quick", 0), models.get(COUNTED_MODEL, 0)


async def scraped(reader: Chat) -> tuple[int, int]:
    """The same for Prometheus."""
    text = (await reader.served.client.get("/metrics", headers=reader.account.headers)).text

    def total(metric: str, label: str) -> int:
        lines = (line for line in text.splitlines() if line.startswith(metric) and label in line)
        return sum(int(float(line.rpartition(" ")[2])) for line in lines)

    quick = total("aether_http_requests_total{", 'route="/api/ai/v4/chat/quick"')
    return quick, total("aether_ai_calls_total{", f'model="{COUNTED_MODEL}"')
