"""A message on a channel on which we do not write is worked on, and answered where it came from."""

import pytest
from django.urls import reverse

from inbox.models import Draft, Message
from jobs.models import JobStep
from tests.webhooks.test_elsewhere import message
from tests.world import World


@pytest.mark.django_db(transaction=True)
def test_a_message_on_another_channel_says_where_it_is_answered_and_gets_no_draft(world: World):
    account = world.connect("ghl", "LocNorthwind01", api_key="key-ghl")
    world.add_webhook("ghl", "ghl/sms", account)
    body = message("WhatsApp", "Sounds great, what does it cost?")
    assert world.client.post(world.paths["ghl"], body, content_type="application/json").status_code == 200
    world.work()
    skipped = JobStep.objects.get(job__kind="inbound.process", name="draft")
    assert (skipped.status, skipped.reason) == ("skipped", "Your team answers this reply in GoHighLevel.")
    assert not Draft.objects.exists()
    world.client.force_login(world.user)
    page = world.client.get(
        reverse(
            "inbox:conversation", args=[world.workspace.pk, Message.objects.get(source="ghl_message").lead_id]
        )
    )
    assert "Answer in GoHighLevel." in page.content.decode()
    assert "WhatsApp" in page.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("event", "fields", "verdict"),
    [
        ("InboundMessage", {"message_type": "WhatsApp", "text": "Hi"}, False),
        ("InboundMessage", {"message_type": "Email", "text": "Hi", "subject": "Offer"}, False),
        ("ContactDndUpdate", {"channels": {"SMS": "active"}}, False),
        ("ContactDndUpdate", {"channels": {"SMS": "inactive"}}, True),
        ("LCEmailStats", {"statistic": "unsubscribed"}, False),
        ("UNINSTALL", {}, False),
    ],
)
def test_what_the_played_app_posts_is_understood(world: World, event, fields, verdict):
    account = world.connect("ghl", "LocNorthwind01", api_key="key-ghl")
    world.add_webhook("ghl", "ghl/sms", account)
    world.sandbox.set_account("ghl", "key-ghl", "ok", {"location_id": "LocNorthwind01"})
    contact = {"id": "c-1", "email": "dana@example.com"}
    told = world.sandbox.emit("ghl", "key-ghl", event, deliver=False, contact=contact, **fields)
    answer = world.client.post(world.paths["ghl"], told["body"], content_type="application/json")
    assert answer.status_code == 200 and answer.json().get("ignored", False) is verdict
