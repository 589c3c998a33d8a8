"""The pipeline's steps that call the provider of a reply: they fetch earlier messages, and report that the lead has
answered. A provider that does not answer costs a few seconds and some context of the draft. A campaign is stopped by a
separate job, because the stop must happen however long it takes.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox.intake import messages, texts
from inbox.intake.receipt import Received
from inbox.leads import crm, identity
from inbox.leads.identity import KeptIdentity
from inbox.leads.stops import STOP_EMAILS, stop_emails
from inbox.models import Campaign, Lead, Message
from inbox.models.races import settled
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import account_pauses, own_messages
from inbox.understanding.arrival import Arrival, judge
from inbox.workspaces.accounts import required
from integrations import emailbison, ghl, registry
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import OUT_OF_REACH, UNUSABLE, ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent
from integrations.ghl.client import GhlClient
from integrations.health import probes
from integrations.models import Integration, WorkspaceIntegrationHealth
from integrations.spec import NONE, stated
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about, enqueue_many
from jobs.errors import PermanentError, Snooze
from jobs.kinds import kind_name

IDENTIFY = kind_name("lead.identify", __name__)
SENT_LIMIT = 12
PARKED = timedelta(hours=6)
"""A stop waits this long for its account. A successful probe ends the wait (`inbox.health.watch.run`)."""


def identify(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Enqueues the job that finds the lead at EmailBison, or creates the lead there."""
    job, _ = enqueue_about(IDENTIFY, situation.lead, "lead_id", key=str(situation.message.pk))
    return {"job": str(job.pk)}


def stop_future(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Enqueues the job that stops this campaign's emails to the lead, once. EmailBison cannot restart emails, so the
    pipeline skips this step if a machine may have written the reply. Raises NotNow if the lead is in no campaign.
    """
    if situation.campaign is None:
        raise NotNow("This reply doesn’t belong to a campaign.")
    created = enqueue_many(STOP_EMAILS, [stop_emails(situation.lead, situation.campaign.pk)])
    return {"first": bool(created)}


def import_sent(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Stores the latest 12 emails to the lead, for the context of the reply. Raises NotNow if they cannot be read."""
    events = _sent(situation, deadline, "drafted")
    return _store(situation, events, sorted(events, key=lambda event: event.occurred_at)[-SENT_LIMIT:])


def import_texts(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Stores the SMS before this reply, so that "yes" can be understood. Raises NotNow if the texts cannot be read."""
    events = _sent(situation, deadline, "read")
    earlier = [event for event in events if event.occurred_at < situation.message.received_at]
    return _store(situation, events, sorted(earlier, key=lambda event: event.occurred_at))


def _sent(situation: Situation, deadline: Deadline, done: str) -> list[MessageEvent]:
    integration, person = _account(situation), identity.person_of(situation.lead)
    drop_connection()
    try:
        return stated(situation.spec.history).read(integration, person, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        raise NotNow(f"{error}: {done} without the earlier messages.") from error


def _store(situation: Situation, listed: list[MessageEvent], chosen: list[MessageEvent]) -> dict[str, int]:
    return {"listed": len(listed), "stored": store_events(_account(situation), chosen)}


def _account(situation: Situation) -> Integration:
    if situation.account is None:
        raise NotNow(f"{situation.spec.label} isn’t connected.")
    return situation.account


def store_events(integration: Integration, events: Iterable[MessageEvent]) -> int:
    """Stores those of `events` that are missing, as context without a job, each in a separate transaction. Returns the
    number of stored events. Our own message joins its send, and is not counted.
    """
    return sum(_store_event(integration, event) for event in events)


def _store_event(integration: Integration, event: MessageEvent) -> bool:
    workspace = integration.workspace
    received = Received("import", b"", sha256="", headers={}, integration=integration, workspace=workspace)
    judged = judge(texts.with_question(workspace, event))
    with transaction.atomic():
        return settled(lambda: _store_once(integration, received, event, judged))


def _too_old(integration: Integration, event: MessageEvent) -> bool:
    """Whether `event` is older than the workspace keeps messages, so that its message may have been deleted already."""
    days = integration.workspace.keep_messages_days
    return days is not None and event.occurred_at < timezone.now() - timedelta(days=days)


def _store_once(integration: Integration, received: Received, event: MessageEvent, judged: Arrival) -> bool:
    if messages.gone(received, event) or _too_old(integration, event):
        return False
    outbound = event.direction == Message.Direction.OUTBOUND
    stored = (own_messages.find, own_messages.by_another_id)
    if outbound and any(find(integration.workspace, event) for find in stored):
        return False
    message, created = messages.store(received, event, judged)
    if created:
        messages.mark_processed(message.pk)
    return created


def identify_lead(ctx: JobContext) -> dict[str, str]:
    """Runs the job `lead.identify`: finds the lead at EmailBison by its address, or creates the lead there. A refusal
    by EmailBison is stored with the lead (`repair_reason`) and raised.
    """
    lead = ctx.row(Lead.objects.all(), "lead_id")
    if lead.emailbison_lead_id or not lead.email:
        return {"outcome": "known" if lead.emailbison_lead_id else "no address"}
    client = EmailBisonClient.for_integration(required(ctx.workspace_id, emailbison.NAME))
    drop_connection()
    try:
        # If the response to the creation is lost, the next attempt finds the lead by its search.
        record = client.find_lead(lead.email, ctx.deadline) or client.create_lead(
            lead.email, lead.first_name, lead.last_name, ctx.deadline
        )
    except PermanentError as error:
        Lead.objects.filter(pk=lead.pk).update(
            repair_reason=f"EmailBison doesn’t have this lead: {error}."[:200]
        )
        raise
    if identity.keep(lead, "emailbison_lead_id", record.id, emailbison.NAME) is KeptIdentity.ANOTHERS:
        return {"outcome": "another lead has this id"}
    Lead.objects.filter(pk=lead.pk).update(repair_reason="")
    return {"outcome": "found"}


def run_stop(ctx: JobContext) -> dict[str, str]:
    """Runs the job `campaign.stop-emails`: asks the campaign's provider to stop the campaign's emails to a lead.

    If no account of the provider can be called, raises Snooze, which costs no attempt; `inbox.leads.stops.ask_again`
    ends the wait. Raises ProviderMisconfigured if the provider cannot stop a campaign.
    """
    lead = ctx.row(Lead.objects.all(), "lead_id")
    campaign = ctx.row(Campaign.objects.all(), "campaign_id")
    spec = registry.spec_of(campaign.provider)
    if isinstance(spec.stop_campaign, NONE):
        raise ProviderMisconfigured(f"{spec.label} can’t stop a campaign: {spec.stop_campaign.why}")
    try:
        account = required(ctx.workspace_id, campaign.provider)
        account_pauses.require_up(account, "")
        drop_connection()
        state = spec.stop_campaign.stop(account, campaign.external_id, identity.person_of(lead), ctx.deadline)
    except UNUSABLE as error:
        raise Snooze(timezone.now() + PARKED, f"Waiting for the account. {error}") from error
    except OUT_OF_REACH as error:
        if WorkspaceIntegrationHealth.objects.filter(integration=account, state__in=probes.BROKEN).exists():
            raise Snooze(timezone.now() + PARKED, f"Waiting for the account. {error}") from error
        raise
    return {"outcome": state}


def crm_contact(ctx: JobContext) -> dict[str, str]:
    """Runs the job `ghl.contact`: connects the lead with its contact at GoHighLevel, which is created if necessary."""
    lead = ctx.row(Lead.objects.select_related("workspace"), "lead_id")
    client = GhlClient.for_integration(required(ctx.workspace_id, ghl.NAME))
    joined = crm.join(client, lead, ctx.deadline)
    return {"outcome": joined.outcome if joined else "no address or number"}
