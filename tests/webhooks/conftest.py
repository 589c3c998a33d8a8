"""Workspaces with keys to every source, and a client that posts as providers do."""

from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from inbox.models import Appointment, FollowUpInstance, FollowUpTask
from inbox.workspaces import invitations
from inbox.workspaces.programs import create_token
from insights.models import ContextPack
from integrations.models import WebhookEndpoint, WebhookKey
from jobs.models import BackgroundJob
from tests import factories
from tests.recorded import payload
from tests.webhooks.posting import Poster, encoded
from tests.webhooks.rivals import ACCOUNTS, EMAIL, INVITEE, MEETING


@pytest.fixture
def poster(db) -> Poster:
    """Posts to a workspace of its own, called northwind."""
    return Poster.create("Northwind")


@pytest.fixture
def other(db) -> Poster:
    """A second workspace with keys of its own."""
    return Poster.create("Bluebird")


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
    message = factories.make_message(
        lead, "We keep heliotrope.", external_id="771001", attachments=[{"name": "heliotrope.pdf"}]
    )
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
    owner = workspace.memberships.get(role="owner").user
    matching = BackgroundJob.objects.create(
        workspace=workspace, kind="leads.all", payload={"user": owner.pk, "do": "done"}, dedupe_key="b78",
        status="failed", finished_at=timezone.now(),
    )  # fmt: skip
    body = encoded(payload("smartlead", "email_reply") | {"note": "marzipan"})
    delivery = factories.make_delivery(
        workspace, source="smartlead", integration=other.integration("smartlead"), verdict="failed", body=body,
        reason="marzipan", lead=lead, message=message, received_at=factories.ago(minutes=5),
    )  # fmt: skip
    account = other.integration("email")
    invitation = invitations.invite(workspace.memberships.get(role="owner"), "zinnia@example.org", "member")
    return SimpleNamespace(
        poster=other, workspace=workspace, campaign=campaign, lead=lead, message=message, draft=draft, send=send,
        sequence=sequence, step=step, instance=instance, task=task, meeting=meeting, pack=pack, job=job,
        delivery=delivery, account=account, key=WebhookKey.objects.get(integration=account),
        member=factories.make_member(workspace).memberships.get(), invitation=invitation,
        fact=factories.make_fact(workspace, "Who likes marzipan?"),
        view=factories.make_saved_view(workspace, name="Marzipan"),
        snippet=factories.make_snippet(workspace, text="Marzipan"), matching=matching,
        label=factories.make_label(workspace, name="Marzipan"),
        token=create_token(workspace, "Marzipan", ["leads:read"], by=None)[0],
        endpoint=WebhookEndpoint.objects.create(
            workspace=workspace, url="https://marzipan.example/", events=["*"]
        ),
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
