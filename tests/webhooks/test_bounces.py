"""A mail that came back has bounced once, under whatever ids EmailBison tells it."""

from itertools import permutations

import pytest

from inbox.models import Lead, Message, WebhookDelivery
from inbox.models.lead import Tag
from tests.webhooks import stories

NOTICE = {"id": 880_077, "from_email_address": "mailer-daemon@example.com", "text_body": stories.NOTICE}


def bounce(event_id: int, mail_id: int | None = 7_700, *, notice: dict | None = None, **fields) -> dict:
    mail = {"id": mail_id, "email_subject": "hi"} if mail_id else None
    event = {"id": event_id, "created_at": stories.iso(event_id % 60)}
    return stories.email(
        "EMAIL_BOUNCED", 1, scheduled_email=mail, campaign_event=event, reply=notice, **fields
    ).body


def as_before(**columns) -> None:
    """The one bounce as a release stored it that did not keep which mail had come back."""
    Message.objects.update(thread_id="", **columns)


def test_bounce_told_again_under_a_new_event_id_is_the_same(poster):
    first, again = (poster.post("email", bounce(event_id)).json() for event_id in (1, 2))
    assert (first["deduped"], again["deduped"], again["messageId"]) == (False, True, first["messageId"])
    assert (Message.objects.count(), Lead.objects.get().tag) == (1, Tag.BLACKLIST)


def test_bounce_of_another_mail_is_another_one(poster):
    assert [poster.post("email", bounce(1, mail)).json()["deduped"] for mail in (7_700, 7_701)] == [
        False,
        False,
    ]
    assert Message.objects.count() == 2


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_notice_and_bare_events_of_one_mail_are_one_bounce_in_any_order(poster, order):
    told = [bounce(1), bounce(2), bounce(3, notice=NOTICE), bounce(3, notice=NOTICE)]
    answers = [poster.post("email", told[number]).json() for number in order]
    assert [answer["deduped"] for answer in answers] == [False, True, True, True]
    message, lead = Message.objects.get(), Lead.objects.get()
    assert (message.external_id, message.thread_id) == ("880077", "7700")
    assert message.text and lead.last_snippet == " ".join(message.text.split())


def test_notice_that_comes_by_itself_is_the_one_of_the_bounce(poster):
    poster.post("email", bounce(1))
    poster.post("email", bounce(2, notice=NOTICE))
    alone = stories.email("UNTRACKED_REPLY_RECEIVED", 1, lead=None, campaign=None, reply=NOTICE).body
    assert poster.post("email", alone).json()["deduped"] is True
    assert poster.post("email", bounce(3)).json()["deduped"] is True
    assert Message.objects.count() == 1


def test_notice_before_the_bounce_learns_which_mail_it_is_about(poster):
    poster.post(
        "email", stories.email("UNTRACKED_REPLY_RECEIVED", 1, lead=None, campaign=None, reply=NOTICE).body
    )
    poster.post("email", bounce(1, notice=NOTICE))
    assert poster.post("email", bounce(2)).json()["deduped"] is True
    assert Message.objects.get().thread_id == "7700"


@pytest.mark.parametrize("event_id", [1, 2])
def test_bounce_that_the_release_before_stored_is_known(poster, event_id):
    poster.post("email", bounce(1))
    as_before(external_id="event:1")
    assert poster.post("email", bounce(event_id)).json()["deduped"] is True
    assert Message.objects.get().thread_id == "7700"
    assert poster.post("email", bounce(3, 7_701)).json()["deduped"] is False


def test_bounce_with_its_notice_that_the_release_before_stored_is_known(poster):
    poster.post("email", bounce(1, notice=NOTICE))
    as_before()
    assert poster.post("email", bounce(2)).json()["deduped"] is True
    assert poster.post("email", bounce(3, 7_701, notice=NOTICE | {"id": 880_078})).json()["deduped"] is False


def test_bounce_without_its_mail_is_known_by_its_event(poster):
    answers = [poster.post("email", bounce(event_id, None)).json() for event_id in (1, 1, 2)]
    assert [answer["deduped"] for answer in answers] == [False, True, False]


def test_bounce_that_names_neither_notice_nor_mail_nor_event_is_refused(poster):
    body = bounce(1, None)
    body["data"]["campaign_event"] = None
    answer = poster.post("email", body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["data.scheduled_email.id"])
    assert WebhookDelivery.objects.get().verdict == "rejected"
