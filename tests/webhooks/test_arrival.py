"""What is known of a mail besides its words counts when it arrives: its headers, and what we had sent."""

import pytest
from django.urls import reverse

from inbox.models import Lead, Message
from inbox.models.lead import Tag
from tests.factories import make_member
from tests.recorded import payload

WORDS = "Dear sender, this mailbox has a new owner."


@pytest.fixture
def mail(poster):
    """Posts a reply with the given fields; returns its message."""

    def post(**reply) -> Message:
        fields = {"id": 7, "from_email_address": "d@example.org", "text_body": WORDS, "html_body": None}
        event = {
            "event": {"type": "LEAD_REPLIED"},
            "data": {"lead": {"id": 1, "email": "d@example.org"}, "reply": fields | reply},
        }
        return Message.objects.get(pk=poster.post("email", event).json()["messageId"])

    return post


@pytest.mark.parametrize(
    "reply",
    [
        {"raw_headers": {"Auto-Submitted": "auto-replied"}},
        {"headers": [{"name": "X-Autoreply", "value": "yes"}]},
        {"raw_body": "Subject: Re: hi\r\nPrecedence: auto_reply\r\n\r\nDear sender"},
    ],
)
def test_headers_of_an_automatic_reply_decide(mail, reply):
    message = mail(**reply)
    assert message.tag == Tag.AUTOMATED_REPLY and "headers" in message.tag_decided_by


def test_without_them_the_same_words_do_not(mail):
    assert mail(raw_headers={"X-Mailer": "foo", "Auto-Submitted": "no"}).tag != Tag.AUTOMATED_REPLY


SENT = "<p>We keep roofing crews full through winter.</p><p>Do you handle interstate work or only local jobs?</p>"


def test_what_the_provider_says_we_sent_is_no_word_of_the_lead(poster):
    body = (
        "We keep roofing crews full through winter.\nWe are full until March, sadly.\n"
        "Do you handle interstate work or only local jobs?\nInterstate too."
    )
    event = {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": 1, "email": "d@example.org"},
            "reply": {"id": 7, "from_email_address": "d@example.org", "text_body": body, "html_body": None},
            "scheduled_email": {"id": 70, "email_body": SENT},
        },
    }
    message = Message.objects.get(pk=poster.post("email", event).json()["messageId"])
    assert message.text == "We are full until March, sadly.\n\nInterstate too."


OURS = "We keep roofing crews full through winter.\nDo you handle interstate work or only local jobs?"
BOTH = (
    "We keep roofing crews full through winter.\nWe are full until March, sadly.\n"
    "Do you handle interstate work or only local jobs?\nInterstate too."
)


@pytest.mark.parametrize(
    ("source", "event", "words"),
    [
        ("smartlead", "email_reply", {"reply_message": {"message_id": "<m9@x>", "text": BOTH, "html": ""}}),
        ("instantly", "reply_received", {"reply_text": BOTH, "reply_html": ""}),
    ],
)
def test_other_providers_say_what_we_sent_too(poster, source, event, words):
    ours = (
        {"sent_message": {"text": OURS}} if source == "smartlead" else {"email_text": OURS, "email_html": ""}
    )
    told = poster.post(source, payload(source, event) | words | ours).json()
    assert (
        Message.objects.get(pk=told["messageId"]).text == "We are full until March, sadly.\n\nInterstate too."
    )


def test_where_no_words_of_their_own_are_left_the_page_shows_all_that_came(poster, client):
    event = {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": 1, "email": "d@example.org"},
            "reply": {"id": 7, "from_email_address": "d@example.org", "text_body": OURS, "html_body": None},
            "scheduled_email": {"id": 70, "email_body": SENT},
        },
    }
    message = Message.objects.get(pk=poster.post("email", event).json()["messageId"])
    assert (message.text, message.tag, message.lead.needs_reply) == ("", "", True)
    client.force_login(make_member(poster.workspace))
    page = client.get(
        reverse("inbox:conversation", args=[poster.workspace.pk, message.lead_id])
    ).content.decode()
    assert (
        "We couldn’t tell the new text from the quoted text" in page
        and '<details class="quote" open>' in page
    )
    assert "Do you handle interstate work or only local jobs?" in page


def test_a_spam_complaint_ends_everything_for_whoever_complained(poster, mail):
    mail(id=6, text_body="Which plan is for two crews?")
    complaint = {
        "event": {"type": "UNTRACKED_REPLY_RECEIVED"},
        "data": {
            "reply": {
                "id": 8,
                "from_email_address": "fbl@mx.example.net",
                "email_subject": "Complaint",
                "text_body": "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <d@example.org>",
                "html_body": None,
            }
        },
    }
    first, second = (poster.post("email", complaint).json() for _ in range(2))
    lead = Lead.objects.get(email="d@example.org")
    assert (lead.tag, lead.bounced_at) == (Tag.BLACKLIST, None)
    assert lead.opted_out_at is not None and "complaint" in lead.tag_decided_by
    assert (first["deduped"], second["deduped"]) == (False, True)
    assert Lead.objects.count() == 1


@pytest.mark.parametrize("text", ["Agreed", "Done.", "Definitely", "Absolutely!", "Sure!", "I'm in!"])
def test_a_short_yes_waits_for_a_reply(mail, text):
    message = mail(text_body=text)
    assert (message.tag, message.lead.needs_reply, message.lead.is_stopped) == ("", True, False)
