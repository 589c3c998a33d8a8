"""E-mail by SmartLead and Instantly: answered in the thread once, and found again where the answer was lost."""

import pytest

from inbox.models import OutboundSend
from inbox.replying import reconciliation, review
from jobs.deadline import Deadline

pytestmark = pytest.mark.django_db
EVENTS = {"smartlead": "EMAIL_REPLY", "instantly": "reply_received"}
PATHS = {"smartlead": "reply-email-thread$", "instantly": "/emails/reply$"}
BASES = {"smartlead": "/api/v1", "instantly": "/api/v2"}


@pytest.fixture(params=EVENTS)
def provider(request, world) -> str:
    name = request.param
    account = world.connect(name, api_key=f"key-{name}")
    account.config = {"base_url": world.sandbox.url(name).removesuffix(BASES[name]) + BASES[name]}
    account.save()
    world.add_webhook(name, name, account)
    return name


@pytest.fixture
def draft(world, provider):
    lead = {"email": "dana@example.org", "name": "Dana Reyes"}
    told = world.sandbox.emit(
        provider,
        f"key-{provider}",
        EVENTS[provider],
        deliver=False,
        lead=lead,
        text="Sure, send me times.",
        subject="hi",
    )
    return _draft(world, told["body"], provider)


def _draft(world, body, provider):
    message = world.take(body, provider)
    world.work()
    return world.draft(message)


def test_an_answer_goes_out_in_the_thread_once(world, provider, draft):
    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()

    send.refresh_from_db()
    assert (send.state, send.provider) == ("sent", provider), send.reason
    assert len(world.posted(provider)) == 1 and world.posted("emailbison") == []


def test_a_lost_answer_is_found_in_the_providers_list(world, provider, draft):
    world.sandbox.fault(provider=provider, kind="accept_drop", path=PATHS[provider], method="POST", count=1)
    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()
    send.refresh_from_db()
    assert send.state == OutboundSend.State.UNKNOWN

    fresh = OutboundSend.objects.select_related("lead", "reply_to__campaign").get(pk=send.pk)
    assert reconciliation.look(fresh, Deadline.after_ms(5_000)), fresh.reason
    assert len(world.posted(provider)) == 1


def test_what_the_provider_never_took_is_not_found(world, provider, draft):
    world.sandbox.fault(provider=provider, kind="drop", path=PATHS[provider], method="POST", count=1)
    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()

    fresh = OutboundSend.objects.select_related("lead", "reply_to__campaign").get(pk=send.pk)
    assert fresh.state == OutboundSend.State.UNKNOWN
    assert not reconciliation.look(fresh, Deadline.after_ms(5_000))


@pytest.mark.parametrize("provider", ["smartlead"], indirect=True)
def test_a_reply_that_smartlead_told_without_ids_is_answered_in_its_thread(world, provider):
    lead = {"email": "dana@example.org", "name": "Dana Reyes"}
    fields = {"lead": lead, "text": "Sure, send me times.", "form": "nested", "deliver": False}
    told = world.sandbox.emit(provider, "key-smartlead", "EMAIL_REPLIED", **fields)["body"]
    draft = _draft(world, told, provider)
    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()
    send.refresh_from_db()
    assert send.state == "sent", send.reason
    [posted] = world.posted(provider)
    assert posted["thread"].startswith("st-")
