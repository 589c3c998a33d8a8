"""Which entry of a provider's list is our message: the marker, else the same words at the time of the call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.replying.carrier_messages import as_html, marker, match, same_words
from integrations.carriers import Listed
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def send():
    lead = factories.make_lead(factories.make_workspace())
    draft = factories.make_draft(factories.make_message(lead), "Hi Dana,\n\nThursday & Friday work.\nAlex")
    return factories.make_send(draft, called_at=timezone.now(), provider="emailbison", state="unknown")


def listed(body, *, after_s=1, message_id="m1"):
    return Listed(message_id, timezone.now() + timedelta(seconds=after_s), body)


def test_the_marker_decides_whatever_the_words_and_the_time(send):
    other, own = (
        listed(as_html(send).split("<!--")[0]),
        listed(f"<p>x</p><!-- {marker(send)} -->", after_s=90_000),
    )

    assert match(send, [other, own]) is own


def test_html_and_text_of_the_same_words_are_the_same(send):
    assert same_words(as_html(send), send.text)
    assert not same_words(as_html(send), send.text + " More.")
    assert not same_words("", "")


def test_the_same_words_near_the_call_are_it(send):
    entry = listed("Hi Dana, Thursday &amp; Friday work. Alex".replace("&amp;", "&"))

    assert match(send, [listed("Something else."), entry]) is entry


@pytest.mark.parametrize("after_s", [-180, 1_900])
def test_the_same_words_at_another_time_are_another_message(send, after_s):
    assert match(send, [listed(send.text, after_s=after_s)]) is None


def test_an_entry_that_another_send_has_is_not_taken_twice(send):
    other = factories.make_draft(factories.make_message(send.lead), send.text)
    factories.make_send(other, provider="emailbison", state="sent", provider_message_id="m1")

    assert match(send, [listed(send.text)]) is None


def test_the_same_words_under_another_sends_marker_are_that_send(send):
    other = factories.make_send(
        factories.make_draft(factories.make_message(send.lead), send.text), state="sent"
    )

    assert match(send, [listed(as_html(other), message_id="")]) is None


@pytest.mark.parametrize("signature", ["Best regards,\nAlex Moreno\nHead of Sales, Northwind", "-- \nAlex"])
def test_a_signature_does_not_hide_our_words_where_the_provider_drops_the_marker(send, signature):
    send.text += f"\n\n{signature}"
    body = as_html(send).partition("<!--")[0]

    assert same_words(body, send.text)
    assert same_words(f"{body}<p>On Mon, Dana wrote:</p><blockquote>Yes?</blockquote>", send.text)
    assert not same_words(f"<p>One more thing.</p>{body}", send.text)
