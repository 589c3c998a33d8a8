"""A draft may say only what was given: one test per thing a model makes up."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from inbox.models import Lead, Message, Workspace
from inbox.replying.context import Context, Slot
from inbox.replying.facts import Told
from inbox.replying.verification import problems


def context(
    *,
    said: str = "Can you send me times?",
    earlier: str = "",
    channel: str = "email",
    slots=(),
    told=None,
    **workspace,
) -> Context:
    facts = {
        "name": "Northwind",
        "timezone": "UTC",
        "persona_name": "Alex Moreno",
        "tone": "friendly",
    } | workspace
    lead = Lead(first_name="Dana", last_name="Reyes", email="dana@example.org")
    message = Message(
        text=said, from_name="Dana Reyes", channel=channel, sent_at=datetime(2026, 1, 14, tzinfo=UTC)
    )
    before = [Message(text=earlier, channel=channel)] if earlier else []
    return Context(Workspace(**facts), lead, message, channel, before, list(slots), told or Told())


GOOD = "Hi Dana,\n\nThanks for writing back. What would be most useful to look at first?\n\nBest,\nAlex"


def test_finds_nothing_wrong_with_a_plain_answer():
    assert problems(GOOD, context()) == []


@pytest.mark.parametrize(
    ("draft", "complaint"),
    [
        ("Hi Dana, have a look at https://northwind.example.com/pricing and tell me.", "link"),
        ("Hi Dana, details are on northwind.io/case-study for you to read.", "link"),
        ("Hi Dana, it is $1,500 a month for a crew of that size.", "price"),
        ("Hi Dana, it costs 900 euros a month for your crew size.", "price"),
        ("Hi Dana, others saw 37% more bookings after that change.", "percentage"),
        ("Hi Dana, would 3:30 PM suit you for a short talk?", "time"),
        ("Hi Dana, would 10am suit you for a short talk?", "time"),
        ("Hi Dana, shall we talk on Tuesday about all of this?", "day"),
        ("Hi Dana, shall we talk on March 3 about all of this?", "day"),
        ("Hi Dana, call me on +1 555 555 0199 whenever it suits you.", "phone"),
        ("Hi Dana, write to my colleague at sam@northwind.example.com please.", "e-mail address"),
        ("Hi Robert, thanks for writing back so quickly to us.", "greets somebody else"),
        ("Hi [First name], thanks for writing back so quickly to us.", "placeholder"),
        ("Hi Dana, **thanks** for writing back so quickly to us.", "markdown"),
        ("Hi Dana! Great! Wonderful! Let us talk about the crews.", "shouts"),
        ("Sure.", "too short"),
        ("word " * 300, "too long"),
    ],
)
def test_finds_what_was_made_up(draft, complaint):
    assert any(complaint in problem for problem in problems(draft, context()))


@pytest.mark.parametrize(
    "draft",
    [
        "Hi Dana, Thursday at 3 pm works well for me, talk to you then.",
        "Hi Dana, Thursday at 3:00 PM works well for me, talk to you then.",
        "Hi Dana, yes, $1,500 is the monthly price that you read about.",
        "Hi Dana, all of it is on https://www.northwind.example.com/crews for you.",
    ],
)
def test_lets_what_was_said_or_given_be_repeated(draft):
    given = context(
        said="Thursday 3pm? And is it $1,500?",
        service_description="Crews. See https://northwind.example.com/crews",
    )

    assert problems(draft, given) == []


def slot(starts_in: timedelta, words: str) -> Slot:
    return Slot("s1", timezone.now() + starts_in, words)


def test_lets_an_offered_slot_be_named_in_its_own_words():
    offered = slot(timedelta(days=2), "Thu 26 Nov, 1:00 PM EST")

    assert problems("Hi Dana, would Thu 26 Nov, 1:00 PM EST suit you?", context(slots=[offered])) == []


def test_refuses_a_slot_that_has_passed():
    past = slot(-timedelta(hours=1), "Thu 26 Nov, 1:00 PM EST")

    found = problems("Hi Dana, would Thu 26 Nov, 1:00 PM EST suit you?", context(slots=[past]))

    assert any("has passed" in problem for problem in found)


def test_a_text_message_must_fit_three_parts():
    assert any("too long" in problem for problem in problems("x" * 500, context(channel="sms")))
