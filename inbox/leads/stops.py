"""Stops everything that could still go out to a lead who opted out or cannot be reached: in this product in the
caller's transaction, at the providers by jobs. The lead's row must be locked, except for `stop_campaigns`. `anew`:
whether the lead has just opted out.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inbox.models import Campaign, Draft, Lead
from inbox.models.actor import Actor, columns
from inbox.models.lead import Channel
from inbox.signals import draft_changed, lead_stopped
from integrations import registry
from integrations.spec import stated
from jobs import actions
from jobs.enqueue import JobSpec, enqueue_many, spec_about
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

Status = Draft.Status
STOP_EMAILS = kind_name("campaign.stop-emails", __name__)
AT_ONCE = 10
"""The priority of stops for leads who opted out. Stops for leads who have only answered come later."""


def close_drafts(drafts: QuerySet[Draft], reason: str, *, user: Actor | None = None) -> int:
    """Rejects those of `drafts` that wait for review, with `reason`, and returns their number. `user`: the person or
    program whose action made the drafts unnecessary.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = list(drafts.filter(status=Status.PENDING).select_for_update(of=("self",)).order_by("pk"))
        Draft.objects.filter(pk__in=[draft.pk for draft in waiting]).update(
            status=Status.REJECTED,
            status_reason=reason[:200],
            **columns(user, "decided_by"),
            decided_at=now,
            updated_at=now,
            send_at=None,
        )
        for draft in waiting:
            draft.refresh_from_db()
            draft_changed.send(Draft, draft=draft, event=Status.REJECTED)
    return len(waiting)


def halt(lead: Lead, reason: str, *, anew: bool = False) -> None:
    """Rejects the lead's drafts with `reason`, sends the signal `lead_stopped`, and stops the lead's campaigns."""
    close_drafts(Draft.objects.filter(lead=lead), reason)
    lead_stopped.send(Lead, lead=lead, reason=reason)
    stop_campaigns(lead, anew=anew)


def stop_campaigns(lead: Lead, *, anew: bool = False) -> None:
    """Enqueues jobs that stop every campaign known to reach the lead. A sample has no campaigns. `anew` repeats earlier
    stops, because somebody may have restarted these campaigns.
    """
    if lead.sample:
        return
    providers = [name for name in registry.stating("stop_campaign") if getattr(lead, known_by(name))]
    if not providers:
        return
    campaigns = Campaign.objects.filter(workspace_id=lead.workspace_id, provider__in=providers)
    reached = campaigns.filter(Q(pk=lead.campaign_id) | Q(message__lead=lead))
    specs = [
        replace(stop_emails(lead, pk), priority=AT_ONCE)
        for pk in reached.distinct().values_list("pk", flat=True)
    ]
    if len(enqueue_many(STOP_EMAILS, specs)) < len(specs):
        keys = [spec.dedupe_key for spec in specs]
        jobs = BackgroundJob.objects.filter(tenant=lead.workspace_id, dedupe_key__in=keys)
        queued = jobs.filter(status=BackgroundJob.Status.QUEUED)
        queued.filter(priority__gt=AT_ONCE).update(priority=AT_ONCE)
        if anew:  # stops that have run get a new key with the time of this opt-out
            waiting = set(queued.values_list("dedupe_key", flat=True))
            since = lead.opted_out_at.isoformat() if lead.opted_out_at else ""
            ran = (spec for spec in specs if spec.dedupe_key not in waiting)
            enqueue_many(
                STOP_EMAILS, [replace(spec, dedupe_key=f"{spec.dedupe_key}:{since}") for spec in ran]
            )


def known_by(provider: str) -> str:
    return stated(registry.spec_of(provider).stop_campaign).known_by


def ask_again(workspace_id: UUID, provider: str, errors: Collection[type[Exception]]) -> int:
    """Makes due the stops that wait for the account at `provider` or failed with one of `errors`. Returns how many."""
    now = timezone.now()
    campaigns = Campaign.objects.filter(workspace_id=workspace_id, provider=provider)
    jobs = BackgroundJob.objects.filter(
        Q(status=BackgroundJob.Status.QUEUED, run_at__gt=now)
        | Q(
            status=BackgroundJob.Status.FAILED,
            last_error_class__in=[f"{error.__module__}.{error.__name__}" for error in errors],
        ),
        tenant=workspace_id,
        kind=STOP_EMAILS,
        payload__campaign_id__in=[str(pk) for pk in campaigns.values_list("pk", flat=True)],
    )
    return actions.requeue(jobs)


def stop_emails(lead: Lead, campaign_id: UUID) -> JobSpec:
    """Returns the job that stops a campaign's emails to the lead, once per lead and campaign. Enqueues nothing."""
    key = f"{lead.pk}:{campaign_id}"
    return spec_about(STOP_EMAILS, lead, "lead_id", key=key, campaign_id=str(campaign_id))


def is_later(at: datetime, stamp: str, than: datetime | None, than_stamp: str) -> bool:
    """Whether `at` is after `than`; None is before all times. If both texts state a time, the stamps decide."""
    if than is None:
        return True
    readable = stamp[:4].isdigit() and than_stamp[:4].isdigit()
    return stamp > than_stamp if readable and stamp != than_stamp else at > than


def refuse_channel(lead: Lead, channel: str) -> None:
    """Stops all messages to the lead on `channel`: rejects its drafts and, for email, stops the campaigns."""
    if channel in lead.refused_channels:
        return
    lead.refused_channels = [*lead.refused_channels, channel]
    close_drafts(Draft.objects.filter(lead=lead, channel=channel), "The lead declined this channel.")
    if channel == Channel.EMAIL:
        stop_campaigns(lead, anew=True)


def allow_channel(lead: Lead, channel: str) -> None:
    lead.refused_channels = [refused for refused in lead.refused_channels if refused != channel]
