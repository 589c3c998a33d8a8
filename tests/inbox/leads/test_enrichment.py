"""What a step lacks is asked of Clay once; the answer, or its absence, lets the follow-up go on."""

import pytest
from django.db import transaction
from django.utils import timezone

from inbox.intake.handlers import enrichments
from inbox.intake.receipt import Received
from inbox.leads import enrichment
from inbox.models import Enrichment, FollowUpInstance, Lead
from integrations.events import EnrichmentEvent
from jobs.models import BackgroundJob
from tests.inbox.followups.helpers import enrolled, minute, statuses

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def instance(world):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    account = world.connect("clay", "phones", token="x")
    account.config = {"phone_table_url": world.sandbox.url("clay") + "/phones"}
    account.save()
    return enrolled(world.workspace, {"channel": "sms"}, {})


def answer(world, lead, status, phone=""):
    event = EnrichmentEvent(
        event_type="enrichment.phone", lead_id=str(lead.pk), kind="phone", status=status, phone=phone
    )
    received = Received.__new__(Received)
    received.workspace, received.received_at = world.workspace, timezone.now()
    with transaction.atomic():
        enrichments.handle(received, event)


def test_a_missing_phone_is_asked_for_once_and_its_answer_sends_the_text(world, instance):
    minute()
    assert statuses(instance) == [("waiting", "No phone number. Asking Clay.")]
    minute()
    assert len(world.posted("clay")) == 1 and Enrichment.objects.get().status == "pending"
    answer(world, instance.lead, "found", "+12125550123")
    minute()
    assert statuses(instance)[0] == ("sent", "") and len(world.posted("clay")) == 1


def test_an_answer_without_a_number_skips_the_step_and_the_next_one_goes_out(world, instance):
    minute()
    answer(world, instance.lead, "not_found")
    minute()
    minute()
    assert statuses(instance) == [("skipped", "No phone number."), ("sent", "")]


def test_an_answer_makes_no_paused_follow_up_due(world, instance):
    minute()
    FollowUpInstance.objects.update(status="paused", paused_for="person")
    (waiting,) = FollowUpInstance.objects.values("due_at", "waits_for")
    answer(world, instance.lead, "found", "+12125550123")
    assert waiting["waits_for"] == "No phone number. Asking Clay."
    assert FollowUpInstance.objects.get().due_at == waiting["due_at"]


def test_no_answer_at_all_is_not_waited_for_for_ever(world, instance):
    minute()
    Enrichment.objects.update(requested_at=timezone.now() - enrichment.PATIENCE)
    FollowUpInstance.objects.update(due_at=timezone.now())
    minute()
    assert statuses(instance)[0] == ("skipped", "No phone number.")


def test_a_full_table_puts_the_question_off_and_drops_nothing(world, instance):
    world.sandbox.fault(provider="clay", kind="rate_limit", retry_after=60, count=1)
    minute()
    job = BackgroundJob.objects.get(kind="clay.ask")
    assert job.status == "queued" and job.run_at > timezone.now() and world.posted("clay") == []


def test_a_number_that_a_person_entered_is_never_overwritten(world, instance):
    minute()
    Lead.objects.filter(pk=instance.lead_id).update(phone="+12125550999")
    answer(world, instance.lead, "found", "+12125550123")
    instance.lead.refresh_from_db()
    assert instance.lead.phone == "+12125550999"
