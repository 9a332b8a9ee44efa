"""Draws the page's icons from its favicon: python scripts/icons.py. Needs a chromium; what it makes is committed."""

import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.browsing import browser_arguments, chromium

PUBLIC = Path(__file__).resolve().parents[1] / "frontend" / "public"
SIZES = {"icon-192.png": 192, "icon-512.png": 512}
MASKED = {"icon-maskable-512.png": 512, "apple-touch-icon.png": 180}
"""Cut to a shape by the system: the colour fills them, and the sign keeps to the middle 80%."""


def main() -> int:
    program = chromium()
    if program is None:
        print("There is no chromium: apt-get install chromium", file=sys.stderr)
        return 1
    drawing = (PUBLIC / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=browser_arguments())
        for name, size in SIZES.items():
            draw(browser, drawing, name, size)
        for name, size in MASKED.items():
            draw(browser, masked(drawing), name, size)
        browser.close()
    return 0


def masked(drawing: str) -> str:
    """The same sign, four fifths as large, on a ground without corners."""
    square = drawing.replace(' rx="8"', "")
    return re.sub(r"(<path [^>]*/>)", r'<g transform="translate(3.2 3.2) scale(0.8)">\1</g>', square)


def draw(browser: Browser, drawing: str, name: str, size: int) -> None:
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{size}px;height:{size}px}}</style>{drawing}")
    page.screenshot(path=PUBLIC / name, omit_background=True)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
