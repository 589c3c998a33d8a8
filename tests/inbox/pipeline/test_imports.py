"""What a provider lists and what its webhook tells of one message is one message, in either order."""

import pytest

from inbox.models import Message
from inbox.pipeline import campaign_mail
from integrations.events import MessageEvent, Person
from tests.factories import ago
from tests.webhooks.posting import Poster

pytestmark = pytest.mark.django_db


@pytest.fixture
def poster():
    return Poster.create("Northwind")


def webhook(poster: Poster, body: str = "<p>Hi Dana</p>") -> dict:
    data = {
        "lead": {"id": 55120, "email": "dana@example.com"},
        "campaign": {"id": 901, "name": "Q1"},
        "scheduled_email": {"id": 7700123, "email_subject": "quick question", "email_body": body},
        "sender_email": {"id": 311, "email": "alex@outreach.example.com"},
    }
    return poster.post("email", {"event": {"type": "EMAIL_SENT"}, "data": data}).json()


def listed(poster: Poster) -> int:
    """The list names no sender, and renders the text in its own way."""
    event = MessageEvent(
        event_type="import",
        external_id="7700123",
        source="emailbison_sent",
        direction="outbound",
        channel="email",
        person=Person(email="dana@example.com", emailbison_lead_id="55120"),
        occurred_at=ago(hours=1),
        subject="quick question",
        html="<div>Hi Dana, as ever</div>",
        listed=True,
    )
    return campaign_mail.store_events(poster.integration("email"), [event])


def test_told_first_and_listed_later(poster):
    webhook(poster)
    assert listed(poster) == 0 and Message.objects.count() == 1


def test_listed_first_and_told_later(poster):
    assert listed(poster) == 1
    assert webhook(poster)["deduped"] is True
    message = Message.objects.get()
    assert not message.id_reused and message.campaign.external_id == "901"


def test_told_twice_with_other_words_is_kept_and_flagged(poster):
    first, second = webhook(poster), webhook(poster, "<p>Something else entirely</p>")
    assert second["deduped"] is False and first["messageId"] != second["messageId"]
    assert Message.objects.get(pk=second["messageId"]).id_reused
