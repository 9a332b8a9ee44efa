"""axe-core on a page: what keeps people with assistive technology out."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.support.browsing import NODE_MODULES, Scheme

SETTLED = """async () => {
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
}"""


@cache
def source() -> str:
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text()


async def violations(page: Page, scheme: Scheme, rules: Sequence[str] = ()) -> list[str]:
    """Each as rule: element. The page is looked at as it is now, in one theme. rules: only these, else all."""
    await page.emulate_media(color_scheme=scheme)
    await page.evaluate(SETTLED)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(source())
    result: dict[str, Any] = await page.evaluate("rules => axe.run(rules.length ? {runOnly: rules} : {})", list(rules))
    return [f"{row['id']}: {node['html'][:200]}" for row in result["violations"] for node in row["nodes"]]
