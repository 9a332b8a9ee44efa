"""A stream of one worker, read, resumed and stopped through the other."""

from tests.servers import SimulatorHandle
from tests.support.chat import Chat, Events, close_gate, open_gate, pico
from tests.support.waiting import eventually
from tests.support.workers import Workers

WITHOUT_REASONING = "qwen/qwen3.6-27b"
"""The simulator's first tokens of this model are text already."""
NOTICED_S = 2.5
"""What may pass until a worker knows that the other's readers have gone: less than the 3 s of a silent one."""


async def begin(chat: Chat, message: str, tokens: int = 1) -> Events:
    """A stream that its reader has left after some tokens."""
    async with chat.stream(message, model=WITHOUT_REASONING) as events:
        for _ in range(tokens):
            await events.until("token")
    return events


async def test_a_stream_is_resumed_on_the_other_worker_without_a_second_call(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, on_b = await workers.user()
    close_gate(simulator, after=6)
    first = await begin(on_a, "Begin here, go on there", tokens=2)
    head, last = first.seen[0]["data"], first.seen[-1]["id"]
    async with on_b.resume(head["stream_id"], last) as rest:
        await rest.until("token")
        assert simulator.calls()["active"] == 1  # relayed while the upstream still produces
        open_gate(simulator)
        await rest.rest()
    assert [event["id"] for event in rest.seen] == list(range(last + 1, last + 1 + len(rest.seen)))
    assert rest.seen[-1]["event"] == "done"
    stored = await on_b.messages(head["conversation_id"])
    assert stored[1]["content"] == first.text() + rest.text()
    assert stored[1]["receipt"] == rest.seen[-1]["data"]
    assert simulator.calls()["started"] == 1
    [record] = await workers.stored("ai_usage", on_a)
    assert record["cost"] == pico(rest.seen[-1]["data"]["cost"])
    async with on_b.resume(head["stream_id"]) as again:
        await again.rest()
    assert again.text() == stored[1]["content"]


async def test_a_stream_is_stopped_through_the_other_worker(workers: Workers, simulator: SimulatorHandle) -> None:
    on_a, on_b = await workers.user()
    close_gate(simulator, after=5)
    async with on_a.stream("Stop me from elsewhere", model=WITHOUT_REASONING) as events:
        await events.until("token")
        stream_id = events.seen[0]["data"]["stream_id"]
        path = f"/api/ai/v4/chat/stream/{stream_id}"
        stopped = await workers.b.client.delete(path, headers=on_b.account.headers)
        assert stopped.status_code == 202
        done = await events.until("done")
    assert (done["data"]["finish_reason"], done["data"]["usage_estimated"]) == ("cancelled", True)
    await eventually(lambda: simulator.calls()["active"] == 0)
    [record] = await workers.stored("ai_usage", on_a)
    assert (record["outcome"], record["estimated"]) == ("cancelled", True)
    assert record["cost"] == pico(done["data"]["cost"]) > 0
    stored = await on_b.messages(done["data"]["conversation_id"])
    assert (stored[1]["status"], stored[1]["content"]) == ("interrupted", events.text())


async def test_another_users_stream_is_unknown_on_the_other_worker_too(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, _ = await workers.user()
    _, stranger = await workers.user()
    close_gate(simulator, after=3)
    first = await begin(on_a, "Mine alone")
    stream_id = first.seen[0]["data"]["stream_id"]
    async with stranger.resume(stream_id) as refused:
        assert refused.response.status_code == 404
    path = f"/api/ai/v4/chat/stream/{stream_id}"
    assert (await workers.b.client.delete(path, headers=stranger.account.headers)).status_code == 404
    assert simulator.calls()["cancelled"] == 0


async def test_a_reader_on_the_other_worker_alone_keeps_a_stream_alive_and_its_going_ends_it(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    """The readers' grace is a second here: three graces pass between the first token and the second look."""
    on_a, on_b = await workers.user()
    grace_s = workers.a.settings.stream_grace
    close_gate(simulator, after=4)
    first = await begin(on_a, "Who listens?")
    head = first.seen[0]["data"]
    async with on_b.resume(head["stream_id"], first.seen[-1]["id"]) as reader:
        await reader.until("token")
        begun = workers.database.now()

        async def graces_have_passed() -> bool:
            return (workers.database.now() - begun).total_seconds() > 3 * grace_s

        await eventually(graces_have_passed, 4 * grace_s)
        assert (simulator.calls()["active"], simulator.calls()["cancelled"]) == (1, 0)
    await eventually(lambda: simulator.calls()["cancelled"] == 1, grace_s + NOTICED_S)
    await workers.settled(on_a)
    [record] = await workers.stored("ai_usage", on_a)
    assert (record["outcome"], record["estimated"]) == ("cancelled", True)
    assert record["cost"] > 0
    answer = (await on_b.messages(head["conversation_id"]))[1]
    assert (answer["status"], answer["receipt"]["finish_reason"]) == ("interrupted", "cancelled")
    assert answer["content"].startswith(first.text())
