"""Every type of event is caused by the product itself, in the transaction of its change."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from inbox.events import bodies, endpoints
from inbox.events.bodies import body_of
from inbox.followups import plan
from inbox.intake import retention
from inbox.leads import assigning, erasure, labels, rollup, triage
from inbox.models import Event, FollowUpInstance, Lead, Membership, OutboundSend
from inbox.models.event import ERASED_DATA, EventType
from inbox.replying import review, sending
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import WebhookEndpoint
from jobs.deadline import Deadline
from tests import factories
from tests.inbox.followups.helpers import enrolled
from tests.webhooks.test_bookings import booked, cancelled, uri
from tests.world import World

pytestmark = pytest.mark.django_db
Kind = EventType
CAUSES: dict[EventType, Callable[[World], object]] = {}


def causes(*kinds: EventType) -> Callable[[Callable[[World], object]], Callable[[World], object]]:
    def note(cause: Callable[[World], object]) -> Callable[[World], object]:
        CAUSES.update(dict.fromkeys(kinds, cause))
        return cause

    return note


@causes(Kind.MESSAGE_RECEIVED, Kind.LEAD_CREATED, Kind.LEAD_TAGGED, Kind.LEAD_WAITING, Kind.DRAFT_CREATED)
def a_reply_comes_in(world):
    message = world.reply("Sure, send me two or three times.")
    world.work()
    return world.draft(message)


@causes(Kind.DRAFT_APPROVED, Kind.SEND_SENT, Kind.MESSAGE_SENT)
def a_draft_is_approved(world):
    review.approve(a_reply_comes_in(world), user=world.user, text="Hi Dana, Thursday works.")
    world.work()


@causes(Kind.DRAFT_DISCARDED)
def a_draft_is_discarded(world):
    review.reject(a_reply_comes_in(world), user=world.user)


@causes(Kind.SEND_FAILED)
def a_send_is_refused(world):
    world.sandbox.fault(provider="emailbison", kind="error", path=r"/reply$", status=422)
    a_draft_is_approved(world)


@causes(Kind.SEND_UNKNOWN, Kind.SEND_SETTLED)
def a_send_is_unknown_and_settled(world):
    world.sandbox.fault(provider="emailbison", kind="accept_drop", path=r"/reply$", count=1)
    a_draft_is_approved(world)
    send = OutboundSend.objects.get()
    assert send.state == OutboundSend.State.UNKNOWN
    review.it_went_out(send, user=world.user)


@causes(Kind.LEAD_ASSIGNED)
def a_lead_is_given_to_a_member(world):
    a_reply_comes_in(world)
    member = Membership.objects.get(workspace=world.workspace, user=world.user)
    lead = world.lead()
    assigning.give(world.workspace, world.user, [triage.Seen.of(lead)], member)


@causes(Kind.LEAD_LABELLED)
def a_lead_gets_a_label(world):
    label = factories.make_label(world.workspace)
    labels.decide(world.workspace, world.user, [factories.make_lead(world.workspace).pk], label, is_on=True)


@causes(Kind.LEAD_OPTED_OUT)
def a_lead_opts_out(world):
    world.reply("Please remove me from your list and never write to me again.")
    world.work()


@causes(Kind.LEAD_BOUNCED)
def a_mail_comes_back(world):
    world.reply("", event="EMAIL_BOUNCED")
    world.work()


def _calendly(world, *events):
    world.add_webhook("calendly", "calendly", world.connect("calendly"))
    factories.make_lead(world.workspace, email="dana.reyes@reyesroofing.example.com")
    for event in events:
        assert world.client.post(world.paths["calendly"], event, "application/json").status_code == 200


@causes(Kind.MEETING_BOOKED, Kind.MEETING_MOVED)
def a_meeting_is_moved(world):
    _calendly(world, booked("1"), booked("2", old_invitee=uri("1")))


@causes(Kind.MEETING_CANCELLED)
def a_meeting_is_cancelled(world):
    _calendly(world, booked("1"), cancelled("1"))


@causes(Kind.FOLLOWUP_FINISHED)
def a_follow_up_ends(world):
    instance = enrolled(world.workspace)
    with transaction.atomic():
        plan.finish_all(
            rollup.locked(instance.lead), FollowUpInstance.Status.STOPPED, "Someone stopped this follow-up."
        )


@causes(Kind.ACCOUNT_DISCONNECTED, Kind.ACCOUNT_RECOVERED)
def an_account_breaks_and_recovers(world):
    account = world.workspace.integrations.get(provider="emailbison")
    writer.record(account, Signal(SignalKind.REFUSED, "unauthorized"))
    writer.record(account, Signal(SignalKind.WORKED))


@causes(Kind.ENDPOINT_DISABLED)
def an_endpoint_is_gone(world):
    endpoints.disable(make_endpoint(world), WebhookEndpoint.Off.GONE)


@causes(Kind.ENDPOINT_TEST)
def an_endpoint_is_tested(world):
    endpoints.test(make_endpoint(world), world.user)


def make_endpoint(world) -> WebhookEndpoint:
    url = "https://hooks.example.com/in"
    return endpoints.create(world.workspace, world.user, url=url, events=["*"], include_text=False)


def test_every_type_has_a_cause():
    assert set(CAUSES) == set(EventType)


@pytest.mark.parametrize("kind", sorted(CAUSES))
def test_the_product_causes_an_event_of_the_type(world, kind):
    CAUSES[kind](world)
    event = Event.objects.filter(type=kind).first()
    assert event is not None, sorted(Event.objects.values_list("type", flat=True))
    assert event.workspace_id == world.workspace.pk
    about = event.data if event.lead_id is None else {"leadId": str(event.lead_id)} | event.data
    assert about and all(UUID(text) for name, text in about.items() if name.endswith("Id") and text)


def test_a_change_that_is_rolled_back_leaves_no_event(world):
    with pytest.raises(RuntimeError), transaction.atomic():
        factories.make_lead(world.workspace)
        assert Event.objects.exists()
        raise RuntimeError
    assert not Event.objects.exists()


def test_a_sample_causes_no_event(world):
    factories.make_message(factories.make_lead(world.workspace, sample=True))
    assert not Event.objects.exists()


def test_events_of_a_lead_sort_by_their_changes(world):
    a_draft_is_approved(world)
    kinds = list(Event.objects.order_by("pk").values_list("type", flat=True))
    assert kinds[0] == Kind.LEAD_CREATED
    for earlier, later in (
        (Kind.MESSAGE_RECEIVED, Kind.DRAFT_CREATED),
        (Kind.DRAFT_CREATED, Kind.DRAFT_APPROVED),
        (Kind.DRAFT_APPROVED, Kind.SEND_SENT),
    ):
        assert kinds.index(earlier) < kinds.index(later)


def test_text_is_in_an_event_only_where_it_is_asked_for(world):
    a_reply_comes_in(world)
    event = Event.objects.get(type=Kind.MESSAGE_RECEIVED)
    plain, full = body_of(event), body_of(event, with_text=True)
    assert "dana" not in str(plain).lower() and "three" not in str(plain)
    assert full["data"]["text"] == "Sure, send me two or three times."
    assert full["data"]["lead"]["email"] == "dana@example.org"
    assert full["data"]["url"].endswith(f"/inbox/{event.lead_id}/")
    assert full["timestamp"].endswith("Z")


def test_a_long_text_is_cut(world):
    message = factories.make_message(factories.make_lead(world.workspace), "é" * 9_000)
    facts = body_of(Event.objects.get(data__messageId=str(message.pk)), with_text=True)["data"]
    assert len(facts["text"]) == bodies.TEXT_LIMIT and facts["textCut"]


def test_times_of_an_event_are_in_utc_and_end_in_z(world):
    a_reply_comes_in(world)
    a_meeting_is_moved(world)
    facts = [body_of(event)["data"] for event in Event.objects.all()]
    times = [row[name] for row in facts for name in ("sentAt", "startsAt", "endsAt") if name in row]
    assert len(times) >= 3 and [time for time in times if not time.endswith("Z")] == []


def test_erasing_a_person_empties_their_events(world):
    a_draft_is_approved(world)
    lead, other = world.lead(), factories.make_lead(world.workspace)
    erasure.begin(lead, world.user)
    erasure.erase(Lead.objects.get(pk=lead.pk), Deadline.after_ms(60_000))
    about_person = Event.objects.filter(lead_id=lead.pk)
    assert about_person.count() > 5
    assert {str(event.data) for event in about_person} == {str(ERASED_DATA)}
    assert all("lead" not in body_of(event, with_text=True)["data"] for event in about_person)
    assert "lead" in body_of(Event.objects.get(lead_id=other.pk), with_text=True)["data"]


def test_a_send_that_a_person_settles_is_settled_and_not_sent_a_second_time(world):
    a_send_is_unknown_and_settled(world)
    kinds = Event.objects.filter(type__startswith="send.").order_by("pk").values_list("type", "data__state")
    assert list(kinds) == [(Kind.SEND_UNKNOWN, "unknown"), (Kind.SEND_SETTLED, "sent")]


def test_a_failed_send_is_told_once(world):
    a_send_is_unknown_and_settled(world)
    assert not sending.settle_failed(OutboundSend.objects.get(), "Too late.")
    assert not Event.objects.filter(type=Kind.SEND_FAILED).exists()


def test_an_endpoint_of_another_workspace_gets_nothing(world):
    other = factories.make_workspace()
    theirs = endpoints.create(other, None, url="https://b.example.com/", events=["*"], include_text=False)
    own = make_endpoint(world)
    some = endpoints.create(
        world.workspace, None, url="https://c.example.com/", events=["lead.bounced"], include_text=False
    )
    factories.make_lead(world.workspace)
    assert [endpoint.attempts.count() for endpoint in (theirs, own, some)] == [0, 1, 0]


def test_events_are_kept_for_thirty_days(world):
    make_endpoint(world)
    factories.make_lead(world.workspace)
    factories.make_lead(world.workspace)
    old, young = Event.objects.order_by("pk")
    at = int((timezone.now() - timedelta(days=30, minutes=1)).timestamp() * 1_000)
    aged = UUID(int=at << 80 | 7 << 76 | old.pk.int & (1 << 76) - 1)
    attempt = old.attempts.get()
    Event.objects.create(
        id=aged,
        workspace=world.workspace,
        type=old.type,
        lead_id=old.lead_id,
        xid=old.xid,
        created_at=old.created_at,
    )
    attempt.event_id = aged
    attempt.save()
    old.delete()
    assert retention.old_events(Deadline.after_ms(20_000)) == 1
    assert list(Event.objects.values_list("pk", flat=True)) == [young.pk]
    assert not type(attempt).objects.filter(pk=attempt.pk).exists()
