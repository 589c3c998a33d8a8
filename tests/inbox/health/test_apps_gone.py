"""Providers say that their app was removed, or its tokens revoked, and the accounts' health says so.

The bodies are those of https://marketplace.gohighlevel.com/docs/webhook/AppUninstall and
https://docs.slack.dev/reference/events/tokens_revoked, read on 2026-11-30.
"""

import json

import pytest
from django.test import override_settings

from integrations.health import probes, writer
from integrations.models import Integration, WorkspaceIntegrationHealth
from tests.webhooks.posting import SLACK_SECRET, slack_headers
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LOCATION = "LocNorthwind01"


@pytest.fixture
def location(world: World) -> Integration:
    writer.forget_successes()
    account = world.connect("ghl", LOCATION, api_key="key-ghl")
    world.add_webhook("ghl", "ghl/sms", account)
    assert probes.check_now(account).ok
    return account


def health(account: Integration) -> tuple[str, str]:
    row = WorkspaceIntegrationHealth.objects.get(integration=account)
    return row.state, row.reason


def post(world: World, body: dict) -> dict:
    return world.client.post(world.paths["ghl"], body, content_type="application/json").json()


def test_an_app_that_is_removed_from_gohighlevel_counts_as_gone_until_it_is_back(world, location):
    gone = {"type": "UNINSTALL", "appId": "ve9EPM428h8vShlRW1KT", "locationId": LOCATION}
    assert not post(world, gone)["deduped"]
    assert health(location) == ("disconnected", "GoHighLevel says UNINSTALL.")
    assert post(world, gone)["deduped"]
    assert probes.check_now(location).ok
    assert health(location)[0] == "disconnected"
    post(world, gone | {"type": "INSTALL"})
    world.work()
    assert health(location)[0] == "connected"


def test_an_app_that_is_installed_heals_no_key_that_is_refused(world, location):
    writer.record(location, writer.Signal(writer.SignalKind.REFUSED, "missing_credentials"))
    post(world, {"type": "INSTALL", "appId": "ve9EPM428h8vShlRW1KT", "locationId": LOCATION})
    assert health(location)[0] == "disconnected"


def test_an_agency_that_removes_the_app_names_no_location(world, location):
    assert post(world, {"type": "UNINSTALL", "appId": "a", "companyId": "c"})["ignored"]
    assert health(location)[0] == "connected"


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U1"]}}]
)
@override_settings(SLACK_SIGNING_SECRET=SLACK_SECRET)
def test_a_slack_token_that_is_revoked_is_found_at_once(world, event):
    writer.forget_successes()
    account = world.connect("slack", bot_token="xoxb-northwind")
    account.config = {"channel": "C0SANDBOX02", "base_url": world.sandbox.url("slack") + "/api"}
    account.save()
    assert probes.check_now(account).ok
    world.sandbox.set_account("slack", "xoxb-northwind", "revoked")
    body = json.dumps({"type": "event_callback", "team_id": "T1", "event": event, "event_id": "Ev1"}).encode()
    signed = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in slack_headers(body).items()}
    path = "/api/webhooks/slack/interactions/"
    assert world.client.post(path, body, content_type="application/json", **signed).status_code == 200
    world.work()
    assert health(account)[0] == "disconnected"
