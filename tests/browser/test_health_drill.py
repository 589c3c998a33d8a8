"""An outage as an admin lives through it, with a real worker: the banner comes and goes by itself, Slack hears once,
follow-ups wait, and what was sent meanwhile is there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Locator, Page, expect

from inbox.models import FollowUpInstance
from integrations.health import probes, writer
from integrations.models import WorkspaceIntegrationHealth
from sandbox import SandboxServer
from tests import factories
from tests.inbox.followups.helpers import enrolled
from tests.serving import database_url
from tests.waiting import PATIENCE_S, until
from tests.world import World, forget_calls, settings_for

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "uni_acc_drill"
POLLS_EVERY_MS = 16_000
"""A little more than the 15 s after which a page asks again."""


@pytest.fixture
def world(transactional_db):
    forget_calls()
    writer.forget_successes()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox)


@pytest.fixture
def worker(live_server, world, tmp_path):
    """`manage.py qcluster` on the test's database."""
    log = (tmp_path / "worker.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(connection.settings_dict),
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "PUBLIC_URL": live_server.url,
            "UNIPILE_DSN": settings.UNIPILE_DSN,
        },
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    yield process
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    log.close()


@pytest.fixture
def linkedin(world, live_server):
    """Jane Doe's account, well, with its webhooks on their way to us, and a follow-up that will go out by it."""
    account = world.connect("unipile", ACCOUNT, api_key="key-unipile")
    account.name = "Jane Doe"
    account.save()
    world.add_webhook("linkedin", "linkedin", account)
    world.sandbox.set_webhook("unipile", ACCOUNT, live_server.url + world.paths["linkedin"])
    enrolled(world.workspace, {"channel": "linkedin", "offset_days": 1})
    assert probes.check_now(account).ok
    return account


@pytest.fixture
def slack(world):
    slack = world.connect("slack", bot_token="xoxb-drill")
    slack.config = {"base_url": world.sandbox.url("slack") + "/api", "channel": "C0SANDBOX02"}
    slack.save()
    return slack


def posts(world) -> list[str]:
    return [send["kind"] for send in world.sandbox.sends(provider="slack")]


def told(page: Page, banner: Locator, words: str) -> None:
    """The banner says `words`, by the page's own polls: its clock runs ahead of ours from one poll to the next."""

    def said() -> bool:
        page.clock.run_for(POLLS_EVERY_MS)
        page.wait_for_timeout(500)
        return any(words in text for text in banner.all_inner_texts())

    until(said, f"the banner did not say {words!r}")


@pytest.mark.slow(seconds=20)
def test_an_outage_shows_itself_and_heals_by_proof(world, worker, linkedin, slack, open_page):
    admin = factories.make_member(world.workspace, role="admin")
    page = open_page(admin)
    page.clock.install()
    page.goto(f"/w/{world.workspace.pk}/inbox/?view=all")
    banner = page.get_by_role("region", name="Account health").or_(page.get_by_role("alert"))
    expect(banner).to_have_count(0)
    # The page is open and stays open.
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    told(page, banner, "LinkedIn is disconnected for Jane Doe (Northwind)")
    expect(banner).to_contain_text("1 follow-up is paused")
    until(lambda: posts(world) == ["post"], "Slack was not told")
    assert FollowUpInstance.objects.get().paused_for == "unipile_disconnected"

    for number in range(3):
        world.sandbox.emit(
            "unipile",
            ACCOUNT,
            "message.received",
            chat_id="chat-1",
            text=f"Message {number} of the outage",
            message_id=f"missed-{number}",
            sender={
                "id": "ACoAAB12345",
                "name": "Dana Reyes",
                "url": "https://www.linkedin.com/in/dana-reyes",
            },
        )
    assert not world.workspace.messages.filter(source="unipile_message").exists()

    banner.get_by_role("button", name="Reconnect").click()
    page.get_by_role("link", name="Continue to log in").click()
    page.get_by_role("button", name="Reconnect LinkedIn").click()
    page.wait_for_url("**/inbox/?view=all")
    told(page, banner, "LinkedIn is back for Jane Doe (Northwind)")
    told(page, banner, "3 missed messages imported")
    assert FollowUpInstance.objects.get().status == FollowUpInstance.Status.ACTIVE
    stored = world.workspace.messages.filter(source="unipile_message")
    assert sorted(stored.values_list("external_id", flat=True)) == ["missed-0", "missed-1", "missed-2"]
    until(lambda: posts(world) == ["post", "update"], "the Slack message did not turn green")
    assert WorkspaceIntegrationHealth.objects.get(integration=linkedin).state == "connected"
    page.goto(f"/w/{world.workspace.pk}/inbox/{stored[0].lead_id}/")
    expect(page.get_by_role("log")).to_contain_text("Message 2 of the outage")
