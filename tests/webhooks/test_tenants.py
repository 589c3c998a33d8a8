"""Northwind's keys, accounts and buttons name what is Bluebird's: nothing is read, nothing written."""

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db.models import F

from inbox.models import Draft, Lead, Message, WebhookDelivery
from inbox.replying import buttons
from inbox.webhooks import replay
from integrations.health import writer
from integrations.models import Notice, WorkspaceIntegrationHealth
from integrations.registry import keyed_sources
from jobs.models import BackgroundJob
from tests import factories
from tests.recorded import TESTS, payload, traffic
from tests.webhooks.posting import (
    CLAY_SECRET,
    GHL_PUBLIC,
    SLACK_SECRET,
    Poster,
    calendly_headers,
    encoded,
    ghl_headers,
    slack_headers,
)
from tests.webhooks.rivals import EMAIL, INVITEE, MEETING, unread, wall

PROVIDERS = {"ghl/sms": "ghl", "linkedin": "unipile"}


@pytest.fixture(autouse=True)
def _secrets(settings) -> None:
    settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC
    settings.CLAY_CALLBACK_SECRET = CLAY_SECRET
    settings.SLACK_SIGNING_SECRET = SLACK_SECRET


def _recorded(source: str) -> list[Any]:
    """Every recorded body of a source."""
    if source == "email":
        lines = [line for line in traffic() if line.source == source and line.expect == "accepted"]
        return list({line.body["event"]["type"]: line.body for line in lines}.values())
    provider = PROVIDERS.get(source, source)
    files = sorted((TESTS / "integrations" / provider / "fixtures").glob("*.json"))
    return [payload(provider, file.stem) for file in files]


def named(blue: SimpleNamespace) -> dict[str, str]:
    """Everything that once named the tenant in a body or an old address."""
    ids = (
        "clientId",
        "client_id",
        "workspaceId",
        "workspace_id",
        "tenantId",
        "integrationId",
        "leadId",
        "lead_id",
    )
    values = dict.fromkeys(ids, str(blue.workspace.pk))
    return values | {
        "leadId": str(blue.lead.pk),
        "lead_id": str(blue.lead.pk),
        "integrationId": str(blue.account.pk),
    }


@pytest.mark.parametrize("source", keyed_sources())
def test_same_provider_ids_and_their_own_ids_with_our_key_stay_with_us(poster, blue, source):
    blue.workspace.integrations.update(external_account_id="")
    bodies = _recorded(source)
    known = {"leadId": str(blue.lead.pk)} if source == "clay" else {}
    theirs = [blue.poster.post(source, body | known).json() for body in bodies]
    query = "&".join(f"{name}={value}" for name, value in named(blue).items() if name != "clientId")
    ids = {answer.get(name) for answer in theirs for name in ("messageId", "leadId", "deliveryId")} - {None}
    assert len(ids) >= len(bodies)
    with wall(blue):
        for body in bodies:
            response = poster.post_to(f"{poster.path(source)}?{query}", named(blue) | body | known)
            assert response.status_code == (400 if source == "clay" else 200)
            assert not any(value in response.content.decode() for value in ids)
            unread(response)
    assert not Message.objects.exclude(campaign=None).exclude(campaign__workspace=F("workspace")).exists()


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("email", {"event": {"type": "LEAD_REPLIED", "workspace_id": 77}, "data": {"reply": {"id": 771001}}}),
        ("ghl/sms", payload("ghl", "workflow_sms") | {"location": {"id": "LocBlue"}, "contact_id": "contactB77"}),
        ("ghl/sms", payload("ghl", "app_inbound_message") | {"locationId": "LocBlue", "contactId": "contactB77"}),
        ("linkedin", payload("unipile", "message_received_flat") | {"account_id": "uni_blue"}),
        ("linkedin", payload("unipile", "new_relation_flat") | {"account_id": "uni_blue"}),
    ],
    ids=["emailbison", "ghl workflow", "ghl app", "unipile message", "unipile relation"],
)  # fmt: skip
def test_their_account_id_with_our_key_is_a_mismatch(north, blue, source, body):
    with wall(blue):
        response = north.poster.post(source, body)
    assert (response.status_code, response.json()["error"]) == (403, "workspace_mismatch")
    assert not Message.objects.filter(workspace=north.workspace).exists()
    assert list(Lead.objects.filter(workspace=north.workspace)) == [north.lead]


@pytest.mark.parametrize(("whose", "status"), [("ours", 200), ("theirs", 403), ("nobody's", 200)])
def test_an_old_address_may_name_our_workspace_or_one_that_is_gone(north, blue, whose, status):
    ids = {"ours": north.workspace.pk, "theirs": blue.workspace.pk, "nobody's": uuid4()}
    body = payload("smartlead", "email_reply")
    path, key = f"/api/webhooks/smartlead?clientId={ids[whose]}", north.poster.keys["smartlead"]
    with wall(blue):
        response = north.poster.post_to(path, body, authorization=f"Bearer {key}")
        again = replay.replay(WebhookDelivery.objects.get(pk=response.json()["deliveryId"]))
    assert response.status_code == status
    assert again.outcome.verdict == ("mismatch" if status == 403 else "duplicate")


def test_their_contact_in_our_location_is_a_lead_of_ours(north, blue):
    body = payload("ghl", "app_inbound_message") | {"locationId": "LocNorth", "contactId": "contactB77"}
    raw = encoded(body | named(blue))
    with wall(blue):
        response = north.poster.post_to("/api/webhooks/ghl/app/", raw, **ghl_headers(raw))
    assert Lead.objects.get(ghl_contact_id="contactB77", workspace=north.workspace).pk != blue.lead.pk
    assert response.json()["leadId"] != str(blue.lead.pk)


@pytest.mark.parametrize(
    "named_in",
    [{"uri": INVITEE}, {"uri": "new", "old_invitee": INVITEE}, {"uri": "new", "new_invitee": INVITEE}],
)
@pytest.mark.parametrize("event", ["invitee.created", "invitee.canceled"])
def test_their_meeting_is_not_moved_by_our_calendar(north, blue, event, named_in):
    invitee = {"email": EMAIL, "scheduled_event": {"uri": MEETING}} | named_in
    with wall(blue):
        response = north.poster.post("calendly", {"event": event, "payload": invitee})
    assert (response.json()["ignored"], response.json()["reason"]) == (True, "lead_not_found")


def test_our_signing_key_does_not_open_their_calendly_address(north, blue):
    for side, key in ((north, "ours"), (blue, "theirs")):
        integration = side.poster.integration("calendly")
        integration.credentials = {"signing_key": key}
        integration.save()
    raw = encoded(payload("calendly", "invitee_created_nested"))
    path = f"/api/webhooks/calendly/{blue.workspace.pk}/"
    with wall(blue):
        assert north.poster.post_to(path, raw, **calendly_headers(raw, key="ours")).status_code == 401
    assert blue.poster.post_to(path, raw, **calendly_headers(raw, key="theirs")).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"X-Clay-Signature": "key"}, {"X-Webhook-Signature": "key"}], ids=str
)
def test_our_clay_key_does_not_fill_their_lead(north, blue, headers):
    body = payload("clay", "phone_found") | {"leadId": str(blue.lead.pk)}
    signed = dict.fromkeys(headers, north.poster.keys["clay"])
    path = "/api/webhooks/clay/" if headers else north.poster.path("clay")
    with wall(blue):
        response = north.poster.post_to(path, body, **signed)
    assert response.status_code == 400 and "leadId" in response.json()["fields"]
    unread(response)


# Slack: one app and one signing secret for all workspaces


def press(poster: Poster, draft: Draft, workspace: Any, *, channel: str, ts: str, user: str = "U-north"):
    """A press in a message that Northwind's own bot posted, with whatever value it was given."""
    ids = {"draftId": str(draft.pk), "leadId": str(draft.lead_id), "clientId": str(workspace.pk)}
    return press_with(poster, ids, "approve_send", channel=channel, ts=ts, user=user)


def press_with(poster: Poster, ids: dict, action: str, *, channel: str, ts: str, user: str = "U-north"):
    """A press of the button `action` with the value `ids` in the message that stands in `channel` at `ts`."""
    body = payload("slack", "approve_send") | {"team": {"id": "T-north"}, "user": {"id": user, "name": "n"}}
    body |= {"container": {"channel_id": channel, "message_ts": ts}, "channel": {"id": channel}}
    body["actions"][0] |= {"action_id": action, "value": json.dumps(ids)}
    raw = b"payload=" + quote(json.dumps(body)).encode()
    kind = "application/x-www-form-urlencoded"
    return poster.post_to("/api/webhooks/slack/interactions/", raw, content_type=kind, **slack_headers(raw))


def test_button_of_ours_with_their_draft_does_nothing(north, blue):
    with wall(blue):
        answer = press(north.poster, blue.draft, north.workspace, channel="CNORTH", ts="1.2")
    assert answer.json()["ignored"] is True
    assert not BackgroundJob.objects.filter(kind=buttons.JOB).exists()


@pytest.mark.parametrize(
    ("channel", "ts"), [("CNORTH", "1.2"), ("CNORTH", "1792009376.000200"), ("CBLUE", "1.2"), ("", "")]
)
def test_button_that_names_their_workspace_counts_on_the_drafts_own_card_only(north, blue, channel, ts):
    answer = press(north.poster, blue.draft, blue.workspace, channel=channel, ts=ts)
    assert answer.json()["ignored"] is True
    unread(answer)
    assert not BackgroundJob.objects.filter(kind=buttons.JOB).exists()


def test_button_on_the_drafts_own_card_is_worked(blue):
    answer = press(blue.poster, blue.draft, blue.workspace, channel="CBLUE", ts="1792009376.000200")
    assert answer.json()["leadId"] == str(blue.lead.pk)
    assert BackgroundJob.objects.filter(kind=buttons.JOB, workspace=blue.workspace).count() == 1


def told_health(tenant, channel: str, ts: str) -> WorkspaceIntegrationHealth:
    """The health of a broken account of the tenant, of which a notice stands in `channel` at `ts`."""
    account = factories.make_integration(tenant.workspace, "unipile", external_account_id="muted")
    writer.record(account, writer.Signal(writer.SignalKind.REFUSED, "down"))
    health = WorkspaceIntegrationHealth.objects.get(integration=account)
    stands = {"destination": channel, "provider_message_id": ts}
    Notice.objects.create(
        workspace=tenant.workspace,
        health=health,
        kind="health",
        path="slack",
        state="sent",
        text="x",
        **stands,
    )
    return health


def test_a_press_whose_value_is_another_buttons_does_nothing(blue):
    health = told_health(blue, "CBLUE", "1.5")
    values = {"mute_account": {"draftId": str(blue.draft.pk)}, "approve_send": {"healthId": health.pk}}
    stands = {"mute_account": "1792009376.000200", "approve_send": "1.5"}
    for action, value in values.items():
        ids = value | {"clientId": str(blue.workspace.pk)}
        answer = press_with(blue.poster, ids, action, channel="CBLUE", ts=stands[action]).json()
        assert answer["ignored"] is True
    assert not BackgroundJob.objects.filter(kind=buttons.JOB).exists()


def test_a_mute_counts_on_our_own_notice_about_an_account_of_its_own_workspace_only(north, blue):
    health = told_health(blue, "CBLUE", "1.5")

    def mute(workspace, health_id, *, channel="CBLUE", ts="1.5"):
        ids = {"healthId": health_id, "clientId": str(workspace.pk)}
        return press_with(north.poster, ids, "mute_account", channel=channel, ts=ts).json()

    for asked in (
        mute(blue.workspace, health.pk, ts="1.6"),
        mute(blue.workspace, health.pk, channel="CNORTH"),
        mute(north.workspace, health.pk),
        mute(blue.workspace, health.pk + 1),
        mute(blue.workspace, str(health.pk)),
        mute(blue.workspace, True),
    ):
        assert asked["ignored"] is True
    assert not BackgroundJob.objects.filter(kind=buttons.JOB).exists()
    assert "ignored" not in mute(blue.workspace, health.pk)
    assert BackgroundJob.objects.get(kind=buttons.JOB).payload["health_id"] == health.pk


# Replay


def test_replay_of_our_workspace_leaves_their_deliveries_alone(north, blue, capsys):
    with wall(blue):
        for verdict in ("failed", "accepted", "rejected"):
            call_command("replay_deliveries", workspace=str(north.workspace.pk), verdict=verdict)
    told = capsys.readouterr().out
    assert "none found" in told and str(blue.delivery.pk) not in told


def test_replay_of_our_delivery_that_names_them_stays_with_us(north, blue):
    body = payload("clay", "phone_found") | {"leadId": str(blue.lead.pk)}
    refused = north.poster.post("clay", body).json()["deliveryId"]
    with wall(blue):
        outcome = replay.replay(WebhookDelivery.objects.get(pk=refused)).outcome
    assert outcome.verdict == WebhookDelivery.Verdict.REJECTED
