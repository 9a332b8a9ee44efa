"""Diagrams are pictures, drawn in a frame whose policy lets nothing out; what is none stays text."""

from playwright.async_api import expect

from tests.e2e.conftest import Visit

DIAGRAM = """```mermaid
flowchart LR
  question[A question] --> router{Which agent?}
  router --> dev[Dev]
  router --> luna[Luna]
```"""
HOSTILE = """```mermaid
flowchart LR
  a["<img src=x onerror=window.top.hacked=1>"] --> b[<script>window.top.hacked=1</script>]
  click a "javascript:window.top.hacked=1"
```"""
BROKEN = "```mermaid\nflowchart nowhere --> ((\n```"


async def test_a_diagram_is_drawn_and_its_source_is_there(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.bring("Drawings", ["Draw it", DIAGRAM, "Draw nonsense", BROKEN])
    await visitor.page.get_by_role("link", name="Drawings").click()
    picture = visitor.answers.first.get_by_role("img", name="Diagram")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
    await visitor.answers.first.get_by_text("Source").click()
    await expect(visitor.answers.first.get_by_text("flowchart LR")).to_be_visible()
    await expect(visitor.answers.last.get_by_text("flowchart nowhere")).to_be_visible()
    await expect(visitor.answers.last.get_by_role("img", name="Diagram")).to_have_count(0)


async def test_a_diagram_runs_nothing_and_asks_for_nothing(visit: Visit) -> None:
    visitor = await visit()
    await visitor.join()
    await visitor.bring("Traps", ["Break out", HOSTILE])
    await visitor.page.get_by_role("link", name="Traps").click()
    await expect(visitor.answers.first.get_by_text("onerror")).to_have_count(1)
    await expect(visitor.answers.first.get_by_role("img", name="Diagram")).to_be_visible()
    assert await visitor.page.evaluate("'hacked' in window") is False
    # Mermaid measures labels before it cleans them: the frame's policy has refused what was in them, and nothing else.
    assert all("inline event handler" in complaint for complaint in visitor.complaints), visitor.complaints
    visitor.complaints.clear()
