"""What a mail's own headers say, where the provider passes them on, counts when it arrives."""

import pytest

from inbox.models import Message
from inbox.models.lead import Tag

WORDS = "Dear sender, this mailbox has a new owner from Monday."


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
