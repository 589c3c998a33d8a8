"""Makes the pictures of the documents (`make shots`): starts the demo, breaks an account at the sandbox, and looks.
docs/images/tour.png is animated.

Run it by `manage.py shell`, as the Makefile does. Needs Chromium (`CHROMIUM` names another one than /usr/bin/chromium)
and what requirements-dev.txt installs.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import requests
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from demo import animation, seed

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PORT, SANDBOX_PORT = 28_100, 28_101
URL, SANDBOX = f"http://127.0.0.1:{PORT}", f"http://127.0.0.1:{SANDBOX_PORT}"
PATIENCE_S = 600
DRAFTS = 20
"""So many drafts wait before the pictures are made."""
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 375, "height": 812}
TOUR: ViewportSize = {"width": 1200, "height": 700}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
PAGES = {
    "inbox": "inbox/?view=drafts",
    "health": "health/",
    "jobs": "jobs/",
    "insights": "insights/",
    "followups": "followups/",
    "integrations": "integrations/",
}
"""The workspace's pages that get a picture, each with its address."""


@contextmanager
def demo() -> Iterator[None]:
    """Runs the demo within the `with` block, which begins when its day has been played and DRAFTS drafts wait. Two
    providers are broken before that (`break_providers`). Stops it afterwards.

    Raises TimeoutError if that takes longer than PATIENCE_S seconds, and RuntimeError if the demo ends before.
    """
    command = [
        sys.executable,
        "-u",
        "manage.py",
        "demo",
        "--port",
        str(PORT),
        "--sandbox-port",
        str(SANDBOX_PORT),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"DEBUG": "1"}, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            _wait_for_drafts(run)
            yield
        finally:
            run.terminate()
            run.communicate()  # what it says at its end


def _wait_for_drafts(run: subprocess.Popen[str]) -> None:
    ends, posted = time.monotonic() + PATIENCE_S, 0
    assert run.stdout is not None  # it is a pipe
    for line in run.stdout:
        if line.startswith("Sandbox"):  # it listens now, and the day has not begun
            break_providers()
        found = re.match(r"received +(\d+).*drafts waiting +(\d+)", line)
        if found and int(found[1]) == posted > 0 and int(found[2]) >= DRAFTS:
            return
        posted = int(found[1]) if found else 0
        if time.monotonic() > ends:
            raise TimeoutError(f"The demo did not get to {DRAFTS} drafts: {line.strip()}")
    raise RuntimeError("The demo has ended before a picture could be made.")


def break_providers() -> None:
    """Have the sandbox refuse Bluebird's key at EmailBison and Copperfield's contacts at GoHighLevel, so that the
    pictures of the admin show failed calls and jobs.
    """
    for fault in (
        {"provider": "emailbison", "kind": "unauthorized", "account": seed.api_key("bluebird")},
        {"provider": "ghl", "kind": "error", "account": seed.api_key("copperfield"), "status": 422,
         "message": "The location has no such custom field."},
    ):  # fmt: skip
        requests.post(f"{SANDBOX}/_control/faults", json=fault, timeout=30).raise_for_status()


def disconnect(label: str) -> None:
    """Have the sandbox end the LinkedIn session of the account of the demo workspace `label`."""
    account = seed.sandbox_accounts(label)["unipile"]
    body = {"provider": "unipile", "account": account, "status": "disconnected"}
    requests.post(f"{SANDBOX}/_control/accounts", json=body, timeout=30).raise_for_status()


def logged_in(browser: Browser, email: str, theme: Theme, size: ViewportSize) -> Page:
    """A browser page of the demo's user with this address, logged in and at their home page."""
    page = browser.new_context(viewport=size, color_scheme=theme, device_scale_factor=1).new_page()
    page.goto(f"{URL}/")
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", seed.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    return page


def picture(page: Page, name: str) -> None:
    """Save what the browser page shows as docs/images/<name>.png."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/images/{name}.png", flush=True)


def shots(browser: Browser) -> None:
    """Make all pictures of the documents, of the demo that runs."""
    for theme in THEMES:
        page = logged_in(browser, "admin@northwind.example.com", theme, WIDE)
        home = re.match(r".*/w/[0-9a-f-]+/", page.url)
        assert home is not None, page.url
        page.wait_for_selector(".banner", timeout=60_000)
        for name, address in PAGES.items():
            if theme == "dark" and name != "inbox":
                continue
            page.goto(home[0] + address)
            if name == "inbox":
                page.locator("a.row, .row a").first.click()
            picture(page, f"{name}-{theme}")
        if theme == "dark":
            continue
        staff = logged_in(browser, seed.STAFF, theme, WIDE)
        staff.goto(f"{URL}/admin/")
        picture(staff, f"admin-{theme}")
        staff.goto(f"{URL}/admin/jobs/backgroundjob/")
        picture(staff, f"admin-jobs-{theme}")
    phone = logged_in(browser, "admin@northwind.example.com", "light", PHONE)
    picture(phone, "inbox-phone")


def tour(browser: Browser) -> None:
    """Make docs/images/tour.png: fifteen seconds from a drafted answer to its sending, and what an admin sees."""
    page = logged_in(browser, "admin@northwind.example.com", "light", TOUR)
    frames: list[tuple[bytes, int]] = []

    def hold(shown_ms: int) -> None:
        page.mouse.move(0, 0)
        page.wait_for_load_state("networkidle")
        frames.append((page.screenshot(animations="disabled", caret="hide"), shown_ms))

    page.goto(page.url.partition("/inbox/")[0] + "/inbox/?view=drafts")
    hold(1500)
    page.locator(".row a").first.click()
    page.wait_for_selector("#draft")
    hold(2500)
    page.locator("#gates > summary").click()
    hold(2000)
    page.locator("#reply").press("Control+Enter")
    page.wait_for_selector(".toast")
    hold(1800)
    page.keyboard.press("Control+k")
    page.keyboard.type("health")
    hold(1200)
    page.goto(page.url.partition("/inbox/")[0] + "/health/")
    hold(2500)
    page.goto(page.url.partition("/health/")[0] + "/inbox/?view=sent")
    page.locator(".row a").first.click()
    page.wait_for_selector("#messages")
    page.get_by_role("link", name="Trace").first.click()
    page.wait_for_load_state("networkidle")
    hold(3000)
    (PICTURES / "tour.png").write_bytes(animation.animated(frames))
    print("docs/images/tour.png", flush=True)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with demo(), sync_playwright() as playwright:
        disconnect("northwind")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        tour(browser)
        shots(browser)
        browser.close()
