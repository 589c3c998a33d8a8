"""Every provider that sends campaigns is told to stop: once in effect, however often the job runs."""

import pytest
from django.db import transaction

from inbox.leads.stops import STOP_EMAILS, stop_campaigns, stop_emails
from integrations.health import probes
from jobs.enqueue import enqueue_many
from jobs.models import BackgroundJob
from tests.factories import make_campaign, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)

BASES = {"smartlead": "/api/v1", "instantly": "/api/v2"}
EMAIL = "dana@example.com"


def stop(world, provider: str, external_id: str) -> BackgroundJob:
    campaign = make_campaign(world.workspace, provider=provider, external_id=external_id)
    lead, _ = world.workspace.leads.get_or_create(email=EMAIL)
    (job_id,) = enqueue_many(STOP_EMAILS, [stop_emails(lead, campaign.pk)])
    world.work()
    return BackgroundJob.objects.get(pk=job_id)


def test_the_stop_for_an_opt_out_goes_before_those_for_people_who_have_only_answered(world):
    """Even if it waited already, because the lead answered first."""
    campaign = make_campaign(world.workspace, provider="smartlead", external_id="501")
    leads = [world.workspace.leads.create(email=f"{n}-{EMAIL}", campaign=campaign) for n in range(3)]
    answered, both, wants_no_more = leads
    enqueue_many(STOP_EMAILS, [stop_emails(lead, campaign.pk) for lead in (answered, both)])

    with transaction.atomic():
        for lead in (wants_no_more, both):
            stop_campaigns(lead, anew=True)

    waiting = BackgroundJob.objects.filter(kind=STOP_EMAILS).order_by("priority", "id")
    assert [job.payload["lead_id"] for job in waiting] == [
        str(lead.pk) for lead in (both, wants_no_more, answered)
    ]


def test_a_campaign_of_another_workspace_is_not_stopped(world):
    campaign = make_campaign(make_workspace(), provider="smartlead", external_id="501")
    stop_campaigns(world.workspace.leads.create(email=EMAIL, campaign=campaign))
    assert not BackgroundJob.objects.filter(kind=STOP_EMAILS).exists()


def connect(world, provider: str) -> str:
    key = f"{provider}-key"
    account = world.connect(provider, api_key=key)
    account.config = {"base_url": world.sandbox.url(provider) + BASES[provider]}
    account.save()
    return key


def data(world, provider: str, key: str):
    return world.sandbox.state.account(provider, key).data


def test_smartlead_unsubscribes_the_lead_from_the_campaign(world):
    key = connect(world, "smartlead")
    world.sandbox.emit("smartlead", key, "EMAIL_SENT", lead={"email": EMAIL}, deliver=False)
    job = stop(world, "smartlead", "501")
    assert (job.status, job.result) == ("succeeded", {"outcome": "stopped"})
    assert data(world, "smartlead", key).leads[EMAIL]["is_unsubscribed"]


def test_smartlead_that_does_not_know_the_lead_has_nothing_to_stop(world):
    connect(world, "smartlead")
    assert stop(world, "smartlead", "501").result == {"outcome": "not known there"}


def test_instantly_blocks_the_address_once_for_two_campaigns(world):
    key = connect(world, "instantly")
    jobs = [stop(world, "instantly", name) for name in ("c-1", "c-2")]
    assert [job.result["outcome"] for job in jobs] == ["stopped", "stopped before"]
    assert list(data(world, "instantly", key).blocked) == [EMAIL]


def test_a_stop_waits_until_its_provider_is_connected(world):
    job = stop(world, "smartlead", "501")
    assert (job.status, job.attempts) == ("queued", 0) and "SmartLead isn’t connected" in job.last_error
    connect(world, "smartlead")
    probes.enqueue_probe(world.workspace.integrations.get(provider="smartlead"))
    world.work()
    job.refresh_from_db()
    assert (job.status, job.result) == ("succeeded", {"outcome": "not known there"})
