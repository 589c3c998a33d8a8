"""The page audit of `audit.js`, for every browser test that holds a page to it."""

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = (Path(__file__).parent / "audit.js").read_text()


def audit(page: Page) -> list[str]:
    """What keeps `page` from being used without eyes or a mouse, in words.

    A click returns before the page it leads to is there: wait for something of that page first.
    """
    page.wait_for_load_state()
    return page.evaluate(SCRIPT)
