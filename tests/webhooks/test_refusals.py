"""What providers say that means stop: do-not-disturb, unsubscribes, complaints, labels, and edited messages.

The bodies are those of the providers' public pages, read on 2026-11-30, with names of our own.
"""

from typing import Any

import pytest

from inbox.models import Draft, Lead, Message
from integrations.models import Integration
from jobs.models import BackgroundJob
from tests.factories import make_campaign, make_draft, make_lead, make_message
from tests.recorded import payload

CONTACT = "nmFmQEsNgz6AVpgLVUJ0"
EMAIL = "dana@example.com"


@pytest.fixture
def lead(poster) -> Lead:
    return make_lead(
        poster.workspace,
        email=EMAIL,
        ghl_contact_id=CONTACT,
        emailbison_lead_id="20",
        linkedin_member_id="ACoAAB12345",
        campaign=make_campaign(poster.workspace),
    )


def stops() -> int:
    return BackgroundJob.objects.filter(kind="campaign.stop-emails").count()


def do_not_disturb(**changes: Any) -> dict[str, Any]:
    """https://marketplace.gohighlevel.com/docs/2021-04-15/webhook/ContactDndUpdate: an absent `dnd` is false."""
    return {
        "type": "ContactDndUpdate",
        "locationId": "LocNorthwind01",
        "id": CONTACT,
        "email": EMAIL,
    } | changes


def settings(**states: str) -> dict[str, Any]:
    return {name: {"status": state, "message": "", "code": "103"} for name, state in states.items()}


def test_do_not_disturb_for_everything_opts_the_lead_out(poster, lead):
    answer = poster.post("ghl/sms", do_not_disturb(dnd=True, dndSettings=settings(SMS="inactive"))).json()
    lead.refresh_from_db()
    assert lead.opted_out_at and lead.is_stopped and not answer["deduped"]
    assert (lead.tag_decided_by, stops()) == ("GoHighLevel: do not disturb", 1)
    assert poster.post("ghl/sms", do_not_disturb(dnd=True)).json()["deduped"]


@pytest.mark.parametrize("state", ["active", "permanent"])
@pytest.mark.parametrize(("name", "channel", "stopped"), [("SMS", "sms", 0), ("Email", "email", 1)])
def test_do_not_disturb_for_a_channel_closes_that_channel_alone(poster, lead, name, channel, stopped, state):
    draft = make_draft(make_message(lead, channel=channel), channel=channel)
    poster.post("ghl/sms", do_not_disturb(dndSettings=settings(**{"Call": "active", name: state})))
    lead.refresh_from_db()
    draft.refresh_from_db()
    assert (lead.refused_channels, lead.is_stopped, stops()) == ([channel], False, stopped)
    assert draft.status == Draft.Status.REJECTED


def test_do_not_disturb_that_is_lifted_or_for_calls_alone_changes_nothing(poster, lead):
    poster.post("ghl/sms", do_not_disturb(dndSettings=settings(SMS="active")))
    for states in ({"SMS": "inactive"}, {"Call": "active"}, {}):
        answer = poster.post("ghl/sms", do_not_disturb(dnd=False, dndSettings=settings(**states))).json()
        assert answer["ignored"]
    lead.refresh_from_db()
    assert lead.refused_channels == ["sms"]


def test_somebody_unknown_who_is_not_to_be_disturbed_is_remembered(poster):
    poster.post("ghl/sms", do_not_disturb(dnd=True))
    assert Lead.objects.get(ghl_contact_id=CONTACT).is_stopped


def statistic(event: str, **changes: Any) -> dict[str, Any]:
    """https://marketplace.gohighlevel.com/docs/2021-07-28/webhook/LCEmailStats"""
    told = {"event": event, "id": "ve9EPM428h8vShlRW1KT", "timestamp": 1714032441, "recipient": EMAIL}
    return {"type": "LCEmailStats", "locationId": "LocNorthwind01", "webhookPayload": told | changes}


@pytest.mark.parametrize("event", ["unsubscribed", "complained"])
def test_an_unsubscribe_in_the_statistics_of_an_email_opts_the_lead_out(poster, lead, event):
    poster.post("ghl/sms", statistic(event))
    lead.refresh_from_db()
    assert lead.is_stopped and stops() == 1
    assert poster.post("ghl/sms", statistic(event)).json()["deduped"]


def test_other_statistics_are_ignored_and_one_without_address_is_refused(poster, lead):
    assert poster.post("ghl/sms", statistic("delivered")).json()["ignored"]
    refused = poster.post("ghl/sms", statistic("unsubscribed", recipient=""))
    assert refused.status_code == 400 and "webhookPayload.recipient" in refused.json()["fields"]


def tag(name: str, on: str = "Lead") -> dict[str, Any]:
    """https://emailbison.com/developers: the sample of TAG_ATTACHED"""
    return {
        "event": {"type": "TAG_ATTACHED", "name": "Tag Attached", "workspace_id": 2, "workspace_name": "Red"},
        "data": {"tag_id": 1, "tag_name": name, "taggable_id": 20, "taggable_type": on},
    }


def label(name: str) -> dict[str, Any]:
    """https://developer.instantly.ai/guides/webhook-events: a label comes as an event of its name"""
    return {
        "timestamp": "2026-11-30T09:00:00Z",
        "event_type": name,
        "workspace": "742523da-ef59-4b4b-8184-09f46de05d0c",
        "campaign_id": "c-1",
        "campaign_name": "Roofers",
        "lead_email": EMAIL,
    }


LABELLED = [("email", tag), ("instantly", label)]


@pytest.mark.parametrize(("source", "body"), LABELLED)
@pytest.mark.parametrize("name", ["Do not contact", "do_not_contact", "DO-NOT-CONTACT!"])
def test_a_label_that_says_do_not_contact_opts_the_lead_out(poster, lead, source, body, name):
    poster.post(source, body(name))
    lead.refresh_from_db()
    assert lead.is_stopped and lead.tag_decided_by.endswith(": label")


@pytest.mark.parametrize(("source", "body"), LABELLED)
def test_a_workspace_names_the_labels_that_mean_do_not_contact(poster, lead, source, body):
    assert poster.post(source, body("Never again")).json()["ignored"]
    account = poster.integration(source)
    Integration.objects.filter(pk=account.pk).update(config={"stop_labels": "Lost, Never again"})
    poster.post(source, body("never-again"))
    lead.refresh_from_db()
    assert lead.is_stopped


def test_a_label_without_words_stops_nobody(poster, lead):
    """A workspace that names no labels names no empty one."""
    for name in ("", "!"):
        assert poster.post("email", tag(name)).json()["ignored"]
    lead.refresh_from_db()
    assert not lead.is_stopped


def test_the_name_of_a_tag_is_found_in_its_other_form(poster, lead):
    body = tag("")
    body["data"] = {"tag": {"id": 9, "name": "Do not contact"}, "taggable_type": "Lead", "taggable_id": 20}
    poster.post("email", body)
    lead.refresh_from_db()
    assert lead.is_stopped


def test_a_tag_on_a_campaign_stops_nobody(poster, lead):
    assert poster.post("email", tag("Do not contact", on="Campaign")).json()["ignored"]
    lead.refresh_from_db()
    assert not lead.is_stopped


def edited(words: str, **changes: Any) -> dict[str, Any]:
    """https://developer.unipile.com/docs/new-messages-webhook: as a new message, under its id"""
    return (
        payload("unipile", "message_received_flat") | {"event": "message_edited", "message": words} | changes
    )


@pytest.mark.parametrize("listed", [False, True])
def test_a_linkedin_message_that_is_edited_to_a_stop_is_heard(poster, listed):
    first = poster.post("linkedin", payload("unipile", "message_received_flat")).json()
    if listed:  # a message that a provider's list brought is stored without a hash
        Message.objects.update(content_hash="")
    assert not Lead.objects.get(pk=first["leadId"]).is_stopped
    answer = poster.post("linkedin", edited("Please take me off your list.")).json()
    assert answer["leadId"] == first["leadId"] and Lead.objects.get(pk=first["leadId"]).is_stopped
    assert poster.post("linkedin", edited("Please take me off your list.")).json()["deduped"]
    assert Message.objects.filter(lead_id=first["leadId"]).count() == 2


def test_an_edit_of_our_own_is_ignored(poster):
    assert poster.post("linkedin", edited("Sorry, Thursday.", is_sender=True)).json()["ignored"]
