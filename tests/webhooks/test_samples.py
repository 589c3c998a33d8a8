"""“Send a test event”: a reply that takes the way of every delivery, shows what happens, and gets nobody outside."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from prometheus_client import REGISTRY

from inbox.followups import plan
from inbox.health import account_cards
from inbox.leads import merge, stops
from inbox.models import Draft, Lead, Message, OutboundSend, SendingPolicy, WebhookDelivery
from inbox.pipeline import agreement
from inbox.pipeline.table import STEPS
from inbox.replying import review, send_claims, shadow
from inbox.webhooks import replay, samples
from insights.overview_numbers import overview, waiting
from integrations import registry
from integrations.models import WebhookKey
from jobs.models import BackgroundJob
from sandbox import SandboxServer
from tests import factories
from tests.webhooks.posting import Poster
from tests.world import World, forget_calls, settings_for

PROVIDERS = [name for name in registry.specs() if (source := registry.address_of(name)) and source.sample]


@pytest.fixture
def poster(db) -> Poster:
    return Poster.create("Northwind")


@pytest.fixture
def user(poster):
    return factories.make_member(poster.workspace, "admin")


def integration(poster: Poster, provider: str = "emailbison"):
    return poster.workspace.integrations.get(provider=provider)


@pytest.fixture
def lead(poster, user) -> Lead:
    return samples.send(integration(poster), user)


@pytest.fixture
def world(transactional_db):
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        yield World.make(sandbox, notice_tags=["Interested", "Meeting Requested", "Information Requested"])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_it_comes_by_the_accounts_own_address_and_says_nothing_of_the_account(poster, user, provider):
    account = integration(poster, provider)
    account.external_account_id = "acc-1"
    account.save()
    lead = samples.send(account, user)
    again = samples.send(account, user)
    assert lead == again and lead.sample and lead.first_name == "Nora" and lead.needs_reply
    texts = Message.objects.filter(lead=lead)
    assert [message.text for message in texts] == [samples.TEXT] * 2
    deliveries = WebhookDelivery.objects.all()
    assert {(one.verdict, one.sample, one.integration) for one in deliveries} == {("accepted", True, None)}
    assert account_cards.last_delivery(account) is None
    assert WebhookKey.objects.get(integration=account).last_used_at is None


def test_it_needs_no_signature_where_the_providers_webhooks_need_one(poster, user):
    account = integration(poster, "smartlead")
    account.credentials = {"api_key": "k", "signing_secret": "signing-secret"}
    account.save()
    assert samples.send(account, user).sample


def test_the_model_reads_and_answers_it_and_nobody_else_outside_hears_of_it(world):
    slack = world.connect("slack", bot_token="xoxb-sandbox")
    slack.config = {"base_url": f"{world.sandbox.url('slack')}/api", "channel": "C0SANDBOX01"}
    slack.save()
    world.connect("ghl", "LocNorthwind01", api_key="key-ghl")
    account = world.workspace.integrations.get(provider="emailbison")
    lead = samples.send(account, world.user)
    message = lead.messages.get()
    world.work()
    assert world.draft(message) is not None
    assert {one["provider"] for one in world.sandbox.requests()} == {"openai"}
    steps = world.steps(message)
    assert {steps[step.name] for step in STEPS if step.outside} == {
        ("skipped", "This is a sample, so it isn’t shared with other services.")
    }


def test_nothing_goes_out_to_it_by_a_person_by_itself_or_past_the_code(world):
    SendingPolicy.objects.create(
        workspace=world.workspace, mode="auto", business_hours_only=False, confidence_threshold=0
    )
    account = world.workspace.integrations.get(provider="emailbison")
    lead = samples.send(account, world.user)
    world.work()
    draft = Draft.objects.get(lead=lead)
    assert draft.send_at is None
    assert "This is a sample" in draft.gate_results.get(gate="sample").evidence
    with pytest.raises(send_claims.SendBlocked, match="This is a sample"):
        review.approve(draft, user=world.user, text="Hi Nora")
    with pytest.raises(send_claims.SendBlocked, match="This is a sample"):
        review.send_own(lead, user=world.user, channel="email", text="Hi Nora", client_token="one")
    row = {"workspace": world.workspace, "lead": lead, "channel": "email", "origin": "person", "text": "Hi"}
    with pytest.raises(IntegrityError, match="nothing is sent to a sample"), transaction.atomic():
        OutboundSend.objects.create(**row, origin_id="two")
    other = factories.make_lead(world.workspace)
    send = OutboundSend.objects.create(**row | {"lead": other}, origin_id="three")
    with pytest.raises(IntegrityError, match="nothing is sent to a sample"), transaction.atomic():
        OutboundSend.objects.filter(pk=send.pk).update(lead=lead)
    assert world.posted() == []


def test_a_person_never_becomes_a_sample(lead, poster):
    person = factories.make_lead(poster.workspace)
    with (
        pytest.raises(IntegrityError, match="a lead is a sample from its first row on"),
        transaction.atomic(),
    ):
        Lead.objects.filter(pk=person.pk).update(sample=True)
    Lead.objects.filter(pk=lead.pk).update(sample=False)


def test_what_a_provider_brings_is_a_person_even_at_the_samples_address(lead, poster):
    body = registry.address_of("smartlead").sample(
        samples.SampleReply("x-1", samples.NORA, "Re: hi", "I am real.", "", timezone.now())
    )
    answer = poster.post("smartlead", body).json()
    assert answer["leadId"] == str(lead.pk)
    lead.refresh_from_db()
    assert not lead.sample and not WebhookDelivery.objects.get(pk=answer["deliveryId"]).sample


def test_a_person_with_the_samples_address_is_left_alone(poster, user):
    person = factories.make_lead(poster.workspace, email=samples.NORA.email)
    with pytest.raises(samples.NoSample, match="test event failed"):
        samples.send(integration(poster), user)
    person.refresh_from_db()
    assert not person.sample and not Message.objects.exists()
    assert WebhookDelivery.objects.get().verdict == "rejected"


def test_run_again_it_is_still_a_sample(lead):
    delivery = WebhookDelivery.objects.get()
    lead.delete()
    replay.replay(delivery)
    assert Lead.objects.get().sample
    assert set(WebhookDelivery.objects.values_list("sample", "integration")) == {(True, None)}


def test_it_counts_nowhere(lead, poster, user):
    message = lead.messages.get()
    draft = factories.make_draft(message, would_send=True, decided_by=user, status=Draft.Status.REJECTED)
    made = {"workspace": poster.workspace, "lead": lead, "tag": "Interested"}
    message.tag_decisions.create(**made, kind="rule", by="rules 6: not_interested.refusal")
    message.tag_decisions.create(**made, kind="person", user=user)
    Message.objects.filter(pk=message.pk).update(suspected="opt_out")
    since, until = timezone.now() - timezone.timedelta(days=1), timezone.now() + timezone.timedelta(days=1)
    numbers = overview(poster.workspace.pk, since, until)
    assert (numbers.replies, numbers.people, numbers.days, numbers.campaigns) == (0, 0, [], [])
    assert waiting(poster.workspace) == 0
    assert shadow.row_of(poster.workspace, None).judged == 0 and draft.would_send
    assert (
        list(agreement.labelled(poster.workspace)) == []
        and agreement.count_corrections(poster.workspace) == 0
    )
    assert agreement.by_rule(poster.workspace.pk) == {}


def test_it_is_no_delivery_for_the_metrics(poster, user):
    def told() -> list[float | None]:
        accepted = {"source": "email", "verdict": "accepted"}
        return [
            REGISTRY.get_sample_value("holdfast_webhook_deliveries_total", accepted),
            REGISTRY.get_sample_value("holdfast_webhook_seconds_count", {"source": "email"}),
        ]

    before = told()
    samples.send(integration(poster), user)
    assert told() == before


def test_it_is_merged_with_nobody_followed_up_by_nothing_and_stopped_nowhere(lead, poster):
    person = factories.make_lead(poster.workspace)
    with pytest.raises(merge.MergeRefused, match="Samples can’t be merged"):
        merge.merge(person, lead, None)
    sequence = factories.make_sequence(poster.workspace, {})
    assert plan.enrol(lead, sequence) is None and not plan.open_to(lead).exists()
    Lead.objects.filter(pk=lead.pk).update(
        campaign=factories.make_campaign(poster.workspace), emailbison_lead_id="7"
    )
    lead.refresh_from_db()
    stops.stop_campaigns(lead)
    assert not BackgroundJob.objects.filter(kind=stops.STOP_EMAILS).exists()


def test_one_press_removes_it_and_the_job_that_works_on_it_ends(world):
    account = world.workspace.integrations.get(provider="emailbison")
    person = factories.make_lead(world.workspace)
    lead = samples.send(account, world.user)
    assert samples.remove(world.workspace, world.user) == 1
    world.work()
    assert set(Lead.objects.values_list("pk", flat=True)) == {person.pk}
    assert not WebhookDelivery.objects.exists()
    job = BackgroundJob.objects.get(kind="inbound.process")
    assert job.status == "succeeded" and set(job.result) == {"gone"}
    assert samples.remove(world.workspace, world.user) == 0 and lead.pk


def test_it_is_refused_where_it_cannot_be_tried_and_says_what_to_do(poster, user):
    account = integration(poster)
    WebhookKey.objects.filter(integration=account).delete()
    with pytest.raises(samples.NoSample, match="no webhook URL yet"):
        samples.send(account, user)
    account.enabled = False
    with pytest.raises(samples.NoSample, match="is off"):
        samples.send(account, user)
    with pytest.raises(samples.NoSample, match="doesn’t deliver messages"):
        samples.send(integration(poster, "clay"), user)


def test_there_is_an_end_to_test_events(poster, user, monkeypatch):
    monkeypatch.setattr(samples, "MOST", 1)
    samples.send(integration(poster), user)
    with pytest.raises(samples.NoSample, match="Remove them first"):
        samples.send(integration(poster), user)
