"""What people write on channels of GoHighLevel's on which we do not write is kept, heard, and answered there.

The bodies are those of https://marketplace.gohighlevel.com/docs/2021-07-28/webhook/InboundMessage and OutboundMessage,
read on 2026-11-30, with names of our own.
"""

from typing import Any

import pytest

from inbox.models import Lead, Message
from tests.factories import make_lead
from tests.recorded import payload

KINDS = {
    "WhatsApp": "WhatsApp",
    "FB": "Facebook",
    "TYPE_INSTAGRAM": "Instagram",
    "Live Chat": "Live chat",
    "GMB": "Google Business",
}


def message(kind: str, words: str = "Do you do tear-offs?", **changes: Any) -> dict[str, Any]:
    known = payload("ghl", "app_inbound_message")
    return known | {"messageType": kind, "body": words, "messageId": f"ghl-{kind}"} | changes


def email(words: str = "<div>Do you do <b>tear-offs</b>?</div>", **changes: Any) -> dict[str, Any]:
    """An e-mail has an id of its own name, a subject and HTML."""
    known = {name: value for name, value in message("Email", words).items() if name != "messageId"}
    mail = {
        "emailMessageId": "sddfDSF3G56GHG",
        "subject": "Your offer",
        "to": ["hello@northwind.example.com"],
    }
    return known | mail | {"from": "Dana Reyes <dana@reyesroofing.example.com>"} | changes


def kept() -> Message:
    return Message.objects.get(source="ghl_message")


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_a_message_on_another_channel_is_kept_once(poster, kind, name):
    assert not poster.post("ghl/sms", message(kind)).json()["deduped"]
    assert poster.post("ghl/sms", message(kind)).json()["deduped"]
    assert (kept().channel, kept().subject, kept().text) == ("elsewhere", name, "Do you do tear-offs?")
    assert kept().lead.needs_reply


def test_an_email_that_comes_by_gohighlevel_is_read_as_an_email(poster):
    lead = make_lead(poster.workspace, email="dana@reyesroofing.example.com")
    poster.post("ghl/sms", email())
    assert (kept().channel, kept().subject, kept().lead) == ("elsewhere", "Email: Your offer", lead)
    assert kept().text == "Do you do tear-offs?"


@pytest.mark.parametrize("body", [message("WhatsApp", "STOP"), email("<p>Please unsubscribe me</p>")])
def test_a_stop_on_another_channel_is_heard(poster, body):
    poster.post("ghl/sms", body)
    assert kept().lead.opted_out_at and kept().lead.is_stopped


@pytest.mark.parametrize("kind", ["Call", "Voicemail", "TYPE_ACTIVITY_APPOINTMENT", ""])
def test_what_nobody_wrote_is_ignored(poster, kind):
    assert poster.post("ghl/sms", message(kind)).json()["ignored"]
    assert not Message.objects.exists()


def test_what_a_person_answers_there_is_kept_and_what_a_workflow_sends_is_not(poster):
    poster.post("ghl/sms", message("WhatsApp"))
    sent = message("WhatsApp", "Yes, we do.", type="OutboundMessage", messageId="ghl-out", to="+15555550123")
    assert poster.post("ghl/sms", sent).json()["ignored"]
    poster.post("ghl/sms", sent | {"userId": "ghl-user-1"})
    lead = Lead.objects.get()
    assert Message.objects.filter(lead=lead, direction="outbound", channel="elsewhere").count() == 1
    assert not lead.needs_reply
