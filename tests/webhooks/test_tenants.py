"""Workspace Northwind attacks workspace Bluebird with everything it can name of it: nothing is read, nothing written.

The wall (`tests.webhooks.walls`) is every row of Bluebird, by introspection. What must not be read are words that stand
nowhere else.
"""

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from inbox import buttons, replay, triage
from inbox.models import Appointment, Draft, FollowUpInstance, FollowUpTask, Lead, Message, WebhookDelivery
from insights.models import ContextPack
from integrations.models import WebhookKey
from integrations.registry import SOURCES
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
from tests.webhooks.walls import fingerprint

WORDS = ("Zephyrine", "Quillfeather", "Obsidianworks", "Moonharbour", "heliotrope", "Vexillology", "marzipan")
"""A name, a company, a campaign, a question: they stand in Bluebird alone."""
EMAIL = "zq77@example.org"
INVITEE, MEETING = "https://api.calendly.com/invitees/B77", "https://api.calendly.com/events/B77"
ACCOUNTS = {"email": ("42", "77"), "ghl/sms": ("LocNorth", "LocBlue"), "linkedin": ("uni_north", "uni_blue")}
PROVIDERS = {"ghl/sms": "ghl", "linkedin": "unipile"}


@pytest.fixture(autouse=True)
def _secrets(settings) -> None:
    settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC
    settings.CLAY_CALLBACK_SECRET = CLAY_SECRET
    settings.SLACK_SIGNING_SECRET = SLACK_SECRET


@pytest.fixture
def blue(other) -> SimpleNamespace:
    """Bluebird: one of everything, each with words of its own."""
    workspace = other.workspace
    for source, (_, account) in ACCOUNTS.items():
        other.configure(source, external_account_id=account)
    campaign = factories.make_campaign(workspace, name="Moonharbour", external_id="901")
    lead = factories.make_lead(
        workspace, email=EMAIL, first_name="Zephyrine", last_name="Quillfeather", company="Obsidianworks",
        phone="+15555550177", ghl_contact_id="contactB77", linkedin_member_id="ACoB77", campaign=campaign,
        needs_reply=True, unread=True, last_inbound_at=timezone.now(),
    )  # fmt: skip
    message = factories.make_message(lead, "We keep heliotrope.", external_id="771001")
    draft = factories.make_draft(
        message, "Your heliotrope waits.", slack_channel="CBLUE", slack_ts="1792009376.000200"
    )
    send = factories.make_send(draft, state="failed")
    sequence = factories.make_sequence(workspace, {"text": "More heliotrope."}, name="Vexillology")
    step = sequence.steps.get()
    instance = FollowUpInstance.objects.create(
        workspace=workspace, lead=lead, sequence=sequence, next_step=step, quiet_since=timezone.now()
    )
    task = FollowUpTask.objects.create(
        workspace=workspace, lead=lead, instance=instance, step=step, channel="email", status="approval",
        text="More heliotrope.", claimed_at=timezone.now(),
    )  # fmt: skip
    meeting = Appointment.objects.create(
        workspace=workspace, lead=lead, provider="calendly", external_id=INVITEE, event_uri=MEETING,
        status="cancelled", cancelled_at=timezone.now(),
    )  # fmt: skip
    pack = ContextPack.objects.create(
        workspace=workspace, question="Who likes marzipan?", window="D7", window_from=factories.ago(days=7),
        window_to=timezone.now(), scope_key="b", status="COMPLETE",
    )  # fmt: skip
    job = BackgroundJob.objects.create(
        workspace=workspace, kind="inbound.process", payload={"message_id": str(message.pk)}, dedupe_key="b77",
        status="failed", finished_at=timezone.now(), fingerprint="fingerprintB77", last_error="marzipan",
    )  # fmt: skip
    body = encoded(payload("smartlead", "email_reply") | {"note": "marzipan"})
    delivery = factories.make_delivery(
        workspace, source="smartlead", integration=other.integration("smartlead"), verdict="failed", body=body,
        reason="marzipan", lead=lead, message=message,
    )  # fmt: skip
    account = other.integration("email")
    return SimpleNamespace(
        poster=other, workspace=workspace, campaign=campaign, lead=lead, message=message, draft=draft, send=send,
        sequence=sequence, step=step, instance=instance, task=task, meeting=meeting, pack=pack, job=job,
        delivery=delivery, account=account, key=WebhookKey.objects.get(integration=account),
        member=factories.make_member(workspace).memberships.get(),
    )  # fmt: skip


@pytest.fixture
def north(poster) -> SimpleNamespace:
    """Northwind's owner, logged in, with things of their own."""
    for source, (account, _) in ACCOUNTS.items():
        poster.configure(source, external_account_id=account)
    owner = poster.workspace.memberships.get().user
    client = Client()
    client.force_login(owner)
    return SimpleNamespace(
        poster=poster, workspace=poster.workspace, client=client, lead=factories.make_lead(poster.workspace),
        sequence=factories.make_sequence(poster.workspace, {}),
    )  # fmt: skip


@contextmanager
def wall(blue: SimpleNamespace) -> Iterator[None]:
    """Whatever happens inside, no row of Bluebird is other afterwards."""
    before = fingerprint(blue.workspace)
    yield
    assert fingerprint(blue.workspace) == before


def unread(response) -> None:
    """None of Bluebird's words is in the answer."""
    text = b"".join(response.streaming_content) if response.streaming else response.content
    assert [word for word in WORDS if word.encode() in text] == []


# Pages


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        elif isinstance(pattern, URLPattern) and route.startswith("w/<uuid:workspace_id>/"):
            yield route


ROUTES = list(_routes(get_resolver()))
NAMING = [route for route in ROUTES if re.search(r"<(uuid|int):(?!workspace_id)", route)]
"""Pages whose address names an object."""
OBJECTS = {
    "lead_id": "lead", "send_id": "send", "draft_id": "draft", "message_id": "message", "campaign_id": "campaign",
    "job_id": "job", "task_id": "task", "sequence_id": "sequence", "integration_id": "account", "key_id": "key",
    "delivery_id": "delivery", "membership_id": "member", "appointment_id": "meeting", "pack_id": "pack",
}  # fmt: skip
FORM = {
    "do": "send", "text": "Hello", "channel": "email", "client_token": str(uuid.uuid4()), "overlap": "0",
    "email": "taken@example.org", "first_name": "Taken", "tag": "OPT_OUT", "reason": "why", "role": "viewer",
    "question": "What?", "name": "Taken", "mode": "off", "hours": "720",
}  # fmt: skip


def address(route: str, blue: SimpleNamespace, workspace: Any) -> str:
    """The page of `workspace` that names an object of Bluebird."""

    def fill(match: re.Match) -> str:
        name = match[1]
        if name == "workspace_id":
            return str(workspace.pk)
        return str(getattr(blue, OBJECTS[name]).pk) if name in OBJECTS else "emailbison"

    return "/" + re.sub(r"<\w+:(\w+)>", fill, route)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_ours_opens_an_object_of_theirs(north, blue, method):
    with wall(blue):
        for route in NAMING:
            response = getattr(north.client, method)(address(route, blue, north.workspace), FORM)
            assert response.status_code in (404, 405), route
            unread(response)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_of_theirs_opens_to_us(north, blue, method):
    with wall(blue):
        for route in ROUTES:
            response = getattr(north.client, method)(address(route, blue, blue.workspace), FORM)
            assert response.status_code in (404, 405), route
            unread(response)


def test_what_is_attacked_is_there_for_its_own_people(blue):
    client = Client()
    client.force_login(blue.workspace.memberships.get(role="owner").user)
    pages = [client.get(address(route, blue, blue.workspace)) for route in NAMING]
    assert {page.status_code for page in pages} <= {200, 302, 405}
    shown = b"".join(page.content for page in pages if page.status_code == 200).decode()
    assert [word for word in WORDS if word not in shown] == []


SEARCHES = {
    "inbox:list": ("q", "campaign"), "inbox:deliveries": ("q",), "inbox:jobs": ("q", "fingerprint"),
    "inbox:followups": ("view",), "insights:overview": ("campaign",), "insights:overview-csv": ("campaign",),
    "inbox:corrections": (), "inbox:people": (), "inbox:integrations": (), "inbox:health": (), "insights:packs": (),
    "inbox:sequences": (), "inbox:automation": (), "inbox:rules": (), "inbox:settings": (),
}  # fmt: skip


def test_no_list_of_ours_shows_what_is_theirs(north, blue):
    values = (EMAIL, blue.message.external_id, blue.campaign.pk, blue.lead.pk, blue.job.fingerprint)
    with wall(blue):
        for name, fields in SEARCHES.items():
            for query in [{}, *({field: str(value)} for field in fields for value in values)]:
                response = north.client.get(reverse(name, args=[north.workspace.pk]), query)
                assert response.status_code < 500, name
                unread(response)


def _forms(north: SimpleNamespace, blue: SimpleNamespace) -> dict[str, tuple[str, list[Any], list[dict]]]:
    """Forms of ours that name objects of theirs: the page, its arguments, and what is sent."""
    seen = str(triage.Seen.of(blue.lead))
    merge, message = (
        {"other": str(blue.lead.pk)},
        {"lead": str(blue.lead.pk), "reply_to": str(blue.message.pk)},
    )
    step = {
        "name": "Mine", "starts": "person", "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "1",
        "steps-0-id": str(blue.step.pk), "steps-0-position": "0", "steps-0-offset_days": "0",
        "steps-0-offset_minutes": "0", "steps-0-channel": "email", "steps-0-condition": "always",
        "steps-0-text": "Taken", "steps-0-sequence": str(blue.sequence.pk),
    }  # fmt: skip
    jobs = [
        {"job": str(blue.job.pk), "do": name, "reason": "why", "moment": f"{timezone.now():%Y-%m-%dT23:59}"}
        for name in ("retry", "run-at", "cancel", "discard")
    ]
    followups = [
        {"instance": str(blue.instance.pk), "view": view, "do": name}
        for view, name in (
            ("waiting", "pause"), ("waiting", "skip"), ("waiting", "cancel"), ("paused", "resume"),
            ("approval", "approve"),
        )
    ]  # fmt: skip
    return {
        "triage": ("inbox:triage", [], [{"lead": seen, "do": name} for name in ("done", "unread", "snooze:week")]),
        "triage of an open one": ("inbox:triage", [], [{"lead": seen, "do": "done", "open": "1"}]),
        "jobs": ("inbox:jobs-act", [], [*jobs, {"do": "retry-group", "fingerprint": blue.job.fingerprint}]),
        "follow-ups": ("inbox:followups-act", [], followups),
        "all follow-ups": ("inbox:followups-act", [], [{"all": "1", "view": "approval", "do": "approve"}]),
        "replay of all failed": ("inbox:deliveries-replay", [], [{"hours": "720"}]),
        "merge": ("inbox:merge", [north.lead.pk], [merge]),
        "enrol a lead": ("inbox:lead-enrol", [north.lead.pk], [{"sequence": str(blue.sequence.pk)}]),
        "enrol by address": ("inbox:sequence-enrol", [north.sequence.pk], [{"emails": EMAIL}]),
        "a step": ("inbox:sequence", [north.sequence.pk], [step]),
        "a pack": ("insights:packs", [], [{"question": "Who?", "window": "D7", "campaigns": str(blue.campaign.pk)}]),
        "facts": ("inbox:lead-edit", [north.lead.pk], [{"email": EMAIL, "phone": blue.lead.phone}]),
        "message": ("inbox:own-message", [north.lead.pk], [FORM | message]),
    }  # fmt: skip


def test_no_form_of_ours_moves_what_is_theirs(north, blue):
    with wall(blue):
        for name, (page, args, sent) in _forms(north, blue).items():
            for data in sent:
                address = reverse(page, args=[north.workspace.pk, *args])
                response = north.client.post(address, data, follow=True)
                assert response.status_code < 500, name
                unread(response)


def test_merge_does_not_preview_a_lead_of_theirs(north, blue):
    page = reverse("inbox:merge", args=[north.workspace.pk, north.lead.pk])
    for query in ({"other": str(blue.lead.pk)}, {"q": EMAIL}):
        response = north.client.get(page, query)
        unread(response)
    assert north.client.get(page, {"other": str(blue.lead.pk)}).status_code == 404


def test_their_undo_is_not_ours(north, blue):
    token = triage.change(blue.workspace, [triage.Seen.of(blue.lead)], triage.DONE).undo
    with wall(blue):
        unread(
            north.client.post(reverse("inbox:undo", args=[north.workspace.pk]), {"token": token}, follow=True)
        )
    assert triage.undo(blue.workspace, token) == 1


@pytest.mark.parametrize(
    ("source", "field", "key"), [("ghl/sms", "location_id", "ours"), ("linkedin", "account_id", "")]
)
def test_their_account_cannot_be_connected_to_our_workspace(north, blue, settings, source, field, key):
    settings.UNIPILE_API_KEY = "of-the-installation"
    mine = north.poster.integration(source)
    with wall(blue):
        response = north.client.post(
            reverse("inbox:integration-settings", args=[north.workspace.pk, mine.pk]),
            {field: ACCOUNTS[source][1], "api_key": key, "enabled": "on"},
        )
    assert response.status_code == 422
    assert north.poster.integration(source).external_account_id == ACCOUNTS[source][0]


# Webhooks


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


@pytest.mark.parametrize("source", SOURCES)
def test_same_provider_ids_and_their_own_ids_with_our_key_stay_with_us(poster, blue, source):
    blue.workspace.integrations.update(external_account_id="")
    bodies = _recorded(source)
    known = {"leadId": str(blue.lead.pk)} if source == "clay" else {}
    theirs = [blue.poster.post(source, body | known).json() for body in bodies]
    query = "&".join(f"{name}={value}" for name, value in named(blue).items())
    ids = {answer.get(name) for answer in theirs for name in ("messageId", "leadId", "deliveryId")} - {None}
    assert len(ids) >= len(bodies)
    with wall(blue):
        for body in bodies:
            response = poster.post_to(f"{poster.path(source)}?{query}", named(blue) | body | known)
            assert response.status_code == (400 if source == "clay" else 200)
            assert not any(value in response.content.decode() for value in ids)
            unread(response)


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
    body = payload("slack", "approve_send") | {"team": {"id": "T-north"}, "user": {"id": user, "name": "n"}}
    body |= {"container": {"channel_id": channel, "message_ts": ts}, "channel": {"id": channel}}
    body["actions"][0]["value"] = json.dumps(ids)
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
