"""A lead wants no more, or cannot be reached: everything that could still go out to them is stopped at once.

What waits here is stopped in the caller's transaction; what a provider still has in its queue is stopped by a job.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from inbox.leads import drafts
from inbox.models import Campaign, Draft, Lead
from inbox.signals import lead_stopped
from integrations import registry
from jobs.enqueue import JobSpec, enqueue_many
from jobs.models import BackgroundJob
from jobs.registry import kind_name

STOP_EMAILS = kind_name("campaign.stop-emails", __name__)


def halt(lead: Lead, reason: str, *, anew: bool = False) -> None:
    """Reject the drafts that wait, tell the other rooms, and have the lead's campaigns stopped. `lead` must be locked.

    `reason`: a sentence for people. `anew`: the lead was not opted out until now. Doing it again does no harm.
    """
    reject_drafts(lead, reason)
    lead_stopped.send(Lead, lead=lead, reason=reason)
    stop_campaigns(lead, anew=anew)


def stop_campaigns(lead: Lead, *, anew: bool = False) -> None:
    """Have the providers stop every campaign that is known to reach the lead; one that was stopped is left alone.

    `anew`: the lead has just opted out, perhaps not for the first time. A campaign that was stopped long ago may have
    been started again since: it is stopped once more, unless the job for that still waits.
    """
    providers = [name for name in registry.stating("stop_campaign") if getattr(lead, known_by(name))]
    if not providers:
        return
    campaigns = Campaign.objects.filter(workspace_id=lead.workspace_id, provider__in=providers)
    reached = campaigns.filter(pk=lead.campaign_id) | campaigns.filter(message__lead=lead)
    specs = [stop_emails(lead, pk) for pk in reached.distinct().values_list("pk", flat=True)]
    if len(enqueue_many(STOP_EMAILS, specs)) < len(specs) and anew:
        _stop_once_more(lead, specs)


def known_by(provider: str) -> str:
    """The column by which a provider that stops campaigns knows a lead."""
    return registry.spec_of(provider).stop_campaign.known_by


def _stop_once_more(lead: Lead, specs: list[JobSpec]) -> None:
    """Enqueue those of `specs` that have run already under a key of this opt-out."""
    jobs = BackgroundJob.objects.filter(
        tenant=lead.workspace_id, dedupe_key__in=[spec.dedupe_key for spec in specs]
    )
    waiting = set(jobs.filter(status=BackgroundJob.Status.QUEUED).values_list("dedupe_key", flat=True))
    since = lead.opted_out_at.isoformat()
    enqueue_many(
        STOP_EMAILS,
        [
            replace(spec, dedupe_key=f"{spec.dedupe_key}:{since}")
            for spec in specs
            if spec.dedupe_key not in waiting
        ],
    )


def stop_emails(lead: Lead, campaign_id: UUID) -> JobSpec:
    """The job that has the provider stop a campaign's further e-mails to the lead: one per lead and campaign."""
    return JobSpec(
        dedupe_key=f"{STOP_EMAILS}:{lead.pk}:{campaign_id}",
        workspace_id=lead.workspace_id,
        payload={"lead_id": str(lead.pk), "campaign_id": str(campaign_id)},
    )


def is_later(at: datetime, stamp: str, than: datetime, than_stamp: str) -> bool:
    """Whether something of time `at` came after `than`: by what the texts state themselves, where both do."""
    readable = stamp[:4].isdigit() and than_stamp[:4].isdigit()
    return stamp > than_stamp if readable and stamp != than_stamp else at > than


def reject_drafts(lead: Lead, reason: str) -> int:
    """Reject the lead's drafts that still wait for review; returns how many."""
    return drafts.close(Draft.objects.filter(lead=lead), reason)
