"""Long answers and long conversations: what the browser does for a frame does not depend on how much there is."""

from functools import partial

from playwright.async_api import CDPSession, expect

from tests.e2e.conftest import Visit
from tests.support.browsing import Visitor
from tests.support.waiting import eventually

TOKENS, TOKENS_PER_SECOND = 20_000, 1500
QUARTERS = 4
MESSAGES = 5_000
WITHIN_S = 60.0
WORK = ("LayoutDuration", "RecalcStyleDuration")
FACTOR, SLACK_S = 3.0, 0.003
"""How much more a frame may cost at the end than at the beginning; before, it was five times as much."""

# The answer of a model as the page would get it from the server. Frames are counted as they are drawn.
ARRIVING = """([tokens, rate]) => {
  const parts = [
    "The list of numbers is **sorted** by a function that compares two values and `returns` the smaller one.\\n\\n",
    "## A heading between\\n\\n", "- first item\\n- second item with *words*\\n- third item\\n\\n",
    "```python\\ndef merge(a, b):\\n    return sorted(a + b)\\n```\\n\\n",
    "| a | b |\\n|---|---|\\n| 1 | 2 |\\n| 3 | 4 |\\n\\n",
  ];
  let text = "";
  for (let i = 0; text.length < tokens * 5; i++) text += parts[i % parts.length];
  const json = (value) => new Response(JSON.stringify(value));
  const at = "2026-01-01T00:00:00Z";
  const conversation = {id: "conv_x", title: "x", agent_type: "dev", pinned: false, archived: false, folder_id: null,
    temporary: true, preview: "", message_count: 0, last_message_id: null, created_at: at, updated_at: at};
  const real = window.fetch;
  window.sent = window.frames_drawn = 0;
  const draw = () => { window.frames_drawn++; requestAnimationFrame(draw); };
  draw();
  window.fetch = async (input, init = {}) => {
    const path = String(input);
    if (path.includes("/conv_x/messages")) return json({items: [], next_cursor: null});
    if (path.includes("/conversations/conv_x")) return json(conversation);
    if (!path.endsWith("/chat/stream") || init.method !== "POST") return real(input, init);
    let id = 0;
    const encoder = new TextEncoder();
    const event = (name, data) => encoder.encode(`id: ${++id}\\nevent: ${name}\\ndata: ${JSON.stringify(data)}\\n\\n`);
    const body = new ReadableStream({start(controller) {
      const agent = {id: "dev", name: "Dev", role: "Developer"};
      controller.enqueue(event("metadata",
        {stream_id: "str_x", conversation_id: "conv_x", message_id: "msg_x", agent, model: "m"}));
      const begun = performance.now();
      const timer = setInterval(() => {
        const due = Math.min(tokens, Math.floor((performance.now() - begun) * rate / 1000));
        for (; window.sent < due; window.sent++)
          controller.enqueue(event("token", {content: text.slice(window.sent * 5, window.sent * 5 + 5)}));
        if (window.sent >= tokens) clearInterval(timer);
      }, 8);
    }});
    return new Response(body, {headers: {"content-type": "text/event-stream"}});
  };
}"""


async def work(visitor: Visitor, session: CDPSession) -> tuple[float, int]:
    """Seconds that the browser has spent on styles and layout so far, and frames that it has drawn."""
    found = await session.send("Performance.getMetrics")
    metrics: dict[str, float] = {row["name"]: row["value"] for row in found["metrics"]}
    return sum(metrics[name] for name in WORK), await visitor.page.evaluate("window.frames_drawn")


async def sent(visitor: Visitor, tokens: int) -> bool:
    found: bool = await visitor.page.evaluate(f"window.sent >= {tokens}")
    return found


async def test_a_frame_costs_no_more_at_the_end_of_a_long_answer(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    session = await visitor.context.new_cdp_session(visitor.page)
    await session.send("Performance.enable")
    await visitor.page.evaluate(ARRIVING, [TOKENS, TOKENS_PER_SECOND])
    await visitor.ask("A long story")
    costs = []
    before = await work(visitor, session)
    for quarter in range(1, QUARTERS + 1):
        await eventually(partial(sent, visitor, TOKENS * quarter // QUARTERS), WITHIN_S)
        now = await work(visitor, session)
        costs.append((now[0] - before[0]) / max(1, now[1] - before[1]))
        before = now
    assert await visitor.page.locator(".markdown *").count() > TOKENS // 5
    assert costs[-1] < FACTOR * costs[0] + SLACK_S, costs


def long_conversation() -> list[str]:
    return [
        f"Message {number}. " + "Some **words** that fill a line or two of the page. " * (number % 7)
        for number in range(MESSAGES)
    ]


async def test_a_conversation_of_thousands_of_messages_opens_at_its_end_and_is_scrolled(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.bring("A long conversation", long_conversation())
    # The list hears of it from the server.
    await visitor.page.get_by_role("link", name="A long conversation").click()
    await expect(visitor.page.get_by_text(f"Message {MESSAGES - 1}.")).to_be_in_viewport()
    rows = visitor.page.locator(".messages-row")
    list_of_all = visitor.page.get_by_role("log")
    assert await rows.count() < 60
    await list_of_all.hover()
    for wanted in (MESSAGES - 60, MESSAGES - 160):
        while await visitor.page.get_by_text(f"Message {wanted}.").count() == 0:
            await visitor.page.mouse.wheel(0, -900)
            await visitor.page.evaluate("() => new Promise(requestAnimationFrame)")
        assert await rows.count() < 60
