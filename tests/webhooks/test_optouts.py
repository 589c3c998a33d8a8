"""STOP and START: decided on arrival, whatever the tag and whatever the order."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from inbox.models import Draft, Lead, Message
from inbox.models.lead import Tag
from inbox.signals import lead_stopped
from jobs.models import BackgroundJob
from tests.factories import make_campaign, make_draft, make_lead, make_message
from tests.recorded import payload, traffic

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)
CONTACT = payload("ghl", "workflow_sms")["contact_id"]


@pytest.fixture
def lead(poster):
    return make_lead(
        poster.workspace,
        ghl_contact_id=CONTACT,
        emailbison_lead_id="55120",
        campaign=make_campaign(poster.workspace),
        tag=Tag.INTERESTED,
    )


@pytest.fixture
def text(poster):
    """Posts a text of the lead, received `minutes` after noon, that states `clock` as its own time."""

    def post(words: str, minutes: int = 0, clock: str = ""):
        custom = {"Date": "Oct 14th, 2026", "Time": clock} if clock else {}
        body = payload("ghl", "workflow_sms") | {"message": {"type": 2, "body": words}, "customData": custom}
        with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
            return poster.post("ghl/sms", body | {"email": None, "phone": None}).json()

    return post


def test_stop_from_an_interested_lead_stops_everything_at_once(text, lead):
    draft = make_draft(make_message(lead))
    heard = []
    lead_stopped.connect(lambda **what: heard.append(what["lead"].pk), weak=False, dispatch_uid="test")
    text("STOP")
    lead_stopped.disconnect(dispatch_uid="test")
    lead.refresh_from_db()
    draft.refresh_from_db()
    assert lead.opted_out_at == NOON and lead.tag == Tag.BLACKLIST and lead.is_stopped
    assert draft.status == Draft.Status.REJECTED
    assert heard == [lead.pk]
    stop = BackgroundJob.objects.get(kind="campaign.stop-emails")
    assert stop.payload == {"lead_id": str(lead.pk), "campaign_id": str(lead.campaign_id)}


def test_start_takes_it_back_and_is_recorded(text, lead):
    text("STOP")
    text("START", minutes=6)
    lead.refresh_from_db()
    assert lead.opted_out_at is None and lead.opted_in_at == NOON + timedelta(minutes=6)
    assert lead.tag != Tag.BLACKLIST


@pytest.mark.parametrize("start_first", [True, False])
def test_what_the_texts_say_of_their_time_decides_which_was_first(text, lead, start_first):
    calls = [("STOP", "02:44 PM"), ("START", "02:50 PM")]
    for minutes, (words, clock) in enumerate(reversed(calls) if start_first else calls):
        text(words, minutes, clock)
    lead.refresh_from_db()
    assert lead.opted_out_at is None and lead.tag != Tag.BLACKLIST


@pytest.mark.parametrize("stop_first", [True, False])
def test_stop_after_start_stops_in_both_orders(text, lead, stop_first):
    calls = [("START", "02:44 PM"), ("STOP", "02:50 PM")]
    for minutes, (words, clock) in enumerate(reversed(calls) if stop_first else calls):
        text(words, minutes, clock)
    lead.refresh_from_db()
    assert lead.opted_out_at and lead.tag == Tag.BLACKLIST


def test_redelivered_stop_that_states_its_time_does_not_stop_again_after_the_start(text, lead):
    text("STOP", clock="12:00 PM")
    text("START", minutes=6, clock="12:06 PM")
    assert text("STOP", minutes=20, clock="12:00 PM")["deduped"] is True
    lead.refresh_from_db()
    assert lead.opted_out_at is None


@pytest.mark.parametrize(
    ("source", "provider", "event"),
    [
        ("smartlead", "smartlead", "lead_unsubscribed"),
        ("smartlead", "smartlead", "email_bounce"),
        ("instantly", "instantly", "lead_unsubscribed"),
        ("instantly", "instantly", "email_bounced"),
    ],
)
def test_every_mail_providers_stop_and_bounce_ends_all_campaigns(poster, source, provider, event):
    body = payload(provider, event)
    email = (body.get("sl_lead_email") or body.get("lead_email") or body.get("contact_email")).lower()
    other = make_campaign(poster.workspace, provider="emailbison", external_id="77")
    lead = make_lead(
        poster.workspace, email=email, emailbison_lead_id="55120", campaign=other, tag=Tag.INTERESTED
    )
    draft = make_draft(make_message(lead))
    first, again = poster.post(source, body).json(), poster.post(source, body).json()
    assert (first["deduped"], again["deduped"]) == (False, True)
    lead.refresh_from_db()
    draft.refresh_from_db()
    assert lead.is_stopped and lead.tag == Tag.BLACKLIST and draft.status == Draft.Status.REJECTED
    stopped = {
        job.payload["campaign_id"] for job in BackgroundJob.objects.filter(kind="campaign.stop-emails")
    }
    assert str(other.pk) in stopped


def test_the_same_opt_out_in_two_workspaces_counts_in_both(poster, other):
    for tenant in (poster, other):
        assert tenant.post("smartlead", payload("smartlead", "lead_unsubscribed")).json()["deduped"] is False
        assert Lead.objects.get(workspace=tenant.workspace).opted_out_at


def test_unsubscribe_of_a_stranger_makes_a_stopped_lead(poster):
    poster.post("smartlead", payload("smartlead", "lead_unsubscribed"))
    lead = Lead.objects.get()
    assert lead.email == "dean@farrowfeed.example.com" and lead.is_stopped and lead.tag == Tag.BLACKLIST


def test_opt_out_of_a_stand_in_goes_with_its_message_to_the_tracked_lead(poster):
    event = {
        "event": {"type": "UNTRACKED_REPLY_RECEIVED"},
        "data": {
            "lead": None,
            "reply": {"id": 7, "from_email_address": "d@example.org", "text_body": "Unsubscribe"},
        },
    }
    poster.post("email", event)
    tracked = event | {"event": {"type": "LEAD_REPLIED"}}
    tracked["data"] = tracked["data"] | {"lead": {"id": 55120, "email": "dana@example.com"}}
    assert poster.post("email", tracked).json()["deduped"] is True
    lead = Lead.objects.get(emailbison_lead_id="55120")
    assert Message.objects.get().lead == lead
    assert lead.opted_out_at and lead.tag == Tag.BLACKLIST
    assert not Lead.objects.exclude(pk=lead.pk).exists()


def test_emailbisons_events_of_contacts_are_those_of_leads(poster):
    def renamed(kind: str) -> dict:
        day = (line.body for line in traffic() if line.workspace == "northwind" and line.source == "email")
        body = next(one for one in day if isinstance(one, dict) and one["event"]["type"] == kind)
        return body | {"event": body["event"] | {"type": kind.replace("LEAD_", "CONTACT_")}}

    assert poster.post("email", renamed("LEAD_REPLIED")).json()["messageId"]
    unsubscribed = renamed("LEAD_UNSUBSCRIBED")
    assert poster.post("email", unsubscribed).json()["success"]
    lead = Lead.objects.get(emailbison_lead_id=str(unsubscribed["data"]["lead"]["id"]))
    assert lead.opted_out_at is not None
